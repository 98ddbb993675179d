//! Why a target could not be read.

use std::{fmt, io};

use rustix::io::Errno;

/// The cause, from a closed set: the value of `<ns>_up_reason{reason}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing listens at the address.
    Refused,
    /// No route to the address, or a socket file that is not there.
    Unreachable,
    /// The host's name has no address.
    Dns,
    /// No answer before the deadline.
    Timeout,
    /// The target ended the connection.
    Closed,
    /// Wrong or missing user, password or certificate.
    Auth,
    /// The user may not read what is asked for.
    Permission,
    /// No secure connection: certificate, name, version.
    Tls,
    /// The reply is not in the target's protocol.
    Protocol,
    /// The target has no connection left for us.
    TooManyConnections,
    /// The target is up but still loading or recovering.
    Starting,
    /// The reply is larger than the exporter takes.
    TooLarge,
    /// A defect of the exporter, or what it lacks itself: file descriptors.
    Internal,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::Refused,
        Self::Unreachable,
        Self::Dns,
        Self::Timeout,
        Self::Closed,
        Self::Auth,
        Self::Permission,
        Self::Tls,
        Self::Protocol,
        Self::TooManyConnections,
        Self::Starting,
        Self::TooLarge,
        Self::Internal,
    ];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Dns => "dns",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::TooManyConnections => "too_many_connections",
            Self::Starting => "starting",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
        }
    }
}

impl Reason {
    /// What an error of the operating system means for the page.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        // That we have no file descriptor left says nothing about the target.
        if [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error())) {
            return Self::Internal;
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Closed
            }
            io::ErrorKind::InvalidData => Self::Protocol,
            _ => Self::Unreachable,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A flight that did not reach the end.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For the page.
    pub reason: Reason,
    /// For the log: lower case, no full stop, no secret.
    pub message: String,
}

impl Failure {
    /// A failure with the words that the log shows.
    pub fn new(reason: Reason, message: impl fmt::Display) -> Self {
        Self { reason, message: message.to_string() }
    }

    /// The same, with the address that it came from.
    #[must_use]
    pub fn at(self, address: &str) -> Self {
        Self { message: format!("{address}: {}", self.message), ..self }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Reason::of(&error), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_the_catalogue_s() {
        assert_eq!(Reason::ALL.map(Reason::as_str), metric_catalogue::exporter::REASONS);
    }

    #[test]
    fn kind_of_an_io_error_is_the_reason() {
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::ConnectionRefused)).reason, Reason::Refused);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::UnexpectedEof)).reason, Reason::Closed);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::HostUnreachable)).reason, Reason::Unreachable);
        assert_eq!(Failure::from(io::Error::from(Errno::MFILE)).reason, Reason::Internal);
    }
}
