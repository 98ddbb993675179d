//! What an error of the driver means for the page.

use std::{error::Error as _, io};

use exporter_core::{Failure, Reason};
use tokio_postgres::{
    Error,
    error::{Severity, SqlState},
};

/// The failure that an error stands for.
pub(crate) fn failure(error: &Error) -> Failure {
    if let Some(error) = error.as_db_error() {
        return Failure::new(reason(error.code()), format!("{}: {} ({})", error.severity(), error.message(), error.code().code()));
    }
    let source = error.source().map(ToString::to_string);
    let message = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    let text = error.to_string();
    let reason = match text.as_str() {
        "error performing TLS handshake" => Reason::Tls,
        "authentication error" | "invalid configuration" => Reason::Auth,
        "connection closed" => Reason::Closed,
        "timeout waiting for server" => Reason::Timeout,
        _ => cause(error).map_or(Reason::Protocol, |cause| network(cause, &message)),
    };
    Failure::new(reason, message)
}

/// What a code of the server means, by its class. <https://www.postgresql.org/docs/current/errcodes-appendix.html>
pub(crate) fn reason(code: &SqlState) -> Reason {
    match code.code() {
        "53300" => Reason::TooManyConnections,
        // cannot_connect_now: starting up, shutting down or recovering.
        "57P03" => Reason::Starting,
        // query_canceled and lock_not_available are our own timeouts.
        "57014" | "55P03" => Reason::Timeout,
        "42501" => Reason::Permission,
        // invalid_catalog_name: the database is not there.
        "3D000" => Reason::Unreachable,
        code => match code.get(..2) {
            Some("28") => Reason::Auth,
            // Shutdown, crash, idle timeouts; connection exceptions.
            Some("57" | "08") => Reason::Closed,
            Some("53") => Reason::TooManyConnections,
            Some("XX" | "58") => Reason::Internal,
            _ => Reason::Protocol,
        },
    }
}

/// Whether nothing more will come over this connection.
pub(crate) fn is_lost(error: &Error) -> bool {
    // What the server calls it is in the language of its messages.
    error.is_closed() || error.as_db_error().is_none_or(|error| matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic)))
}

fn cause(error: &Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

fn network(error: &io::Error, message: &str) -> Reason {
    if message.contains("lookup address") || message.contains("resolve") {
        return Reason::Dns;
    }
    // So the driver calls a message that ends in the middle.
    if message.contains("bytes remaining on stream") {
        return Reason::Closed;
    }
    Reason::of(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_reason() {
        for (code, expected) in [
            ("53300", Reason::TooManyConnections),
            ("57P03", Reason::Starting),
            ("28P01", Reason::Auth),
            ("28000", Reason::Auth),
            ("42501", Reason::Permission),
            ("57P01", Reason::Closed),
            ("57014", Reason::Timeout),
            ("08P01", Reason::Closed),
            ("3D000", Reason::Unreachable),
            ("42601", Reason::Protocol),
        ] {
            assert_eq!(reason(&SqlState::from_code(code)), expected, "{code}");
        }
    }
}
