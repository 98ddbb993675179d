//! Opening a connection: address, TLS, authentication.

use std::time::Duration;

use exporter_core::{ClientTls, Failure, Reason};
use redis::{ServerError, Value};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::{
    address::Endpoint,
    command::pack,
    credentials::Credentials,
    link::{Link, MOST_BYTES},
    reply::message,
};

/// By this name the connection is known in CLIENT LIST: the one that upstream's goes by.
const CLIENT_NAME: &str = "redis_exporter";

/// What to connect to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) tls: ClientTls,
    /// For all of it together.
    pub(crate) timeout: Duration,
}

impl Target {
    /// A connection that is ready for commands.
    pub(crate) async fn connect(&self) -> Result<Link, Failure> {
        let opening = async {
            let mut link = self.open().await?;
            self.introduce(&mut link).await?;
            Ok(link)
        };
        let place = self.endpoint.describe();
        let opened = tokio::time::timeout(self.timeout, opening).await;
        let opened = opened.unwrap_or_else(|_| Err(Failure::new(Reason::Timeout, format!("no connection within {:?}", self.timeout))));
        opened.map_err(|failure| Failure::new(failure.reason, format!("{place}: {failure}")))
    }

    async fn open(&self) -> Result<Link, Failure> {
        let (host, port, tls) = match &self.endpoint {
            Endpoint::Unix(path) => return Ok(Link::new(UnixStream::connect(path).await?)),
            Endpoint::Tcp { host, port, tls } => (host, *port, *tls),
        };
        let stream = dial(host, port).await?;
        stream.set_nodelay(true)?;
        if !tls {
            return Ok(Link::new(stream));
        }
        // Before the handshake, so that an unreadable file is not reported as the server's fault.
        let (client, name) = (self.tls.client()?, self.tls.name(host)?);
        let secured = TlsConnector::from(std::sync::Arc::new(client)).connect(name, stream).await;
        Ok(Link::new(secured.map_err(|error| Failure::new(Reason::Tls, error))?))
    }

    /// AUTH and CLIENT SETNAME in one round trip. CLIENT SETINFO is not sent: before 7.2 it is an error, which the server
    /// would count.
    async fn introduce(&self, link: &mut Link) -> Result<(), Failure> {
        let mut packed = Zeroizing::new(Vec::new());
        let password = self.credentials.password()?;
        if let Some(password) = &password {
            match &self.credentials.user {
                Some(user) => pack(&["AUTH", user, password.reveal()], &mut packed),
                None => pack(&["AUTH", password.reveal()], &mut packed),
            }
        }
        pack(&["CLIENT", "SETNAME", CLIENT_NAME], &mut packed);
        let mut replies = link.send(&packed, MOST_BYTES).await?;
        if password.is_some() {
            let reply = replies.next().await?;
            if let Value::ServerError(error) = &reply
                && !needs_no_password(error)
            {
                return Err(refusal(error).unwrap_or_else(|| Failure::new(Reason::Auth, message(error))));
            }
        }
        match replies.next().await? {
            // Whether the name may be set does not matter.
            Value::ServerError(error) => refusal(&error).map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }
}

/// The failure that an error stands for which the server would answer any command with.
pub(crate) fn refusal(error: &ServerError) -> Option<Failure> {
    let reason = match error.code() {
        "NOAUTH" | "WRONGPASS" => Reason::Auth,
        "DENIED" => Reason::Permission,
        "LOADING" => Reason::Starting,
        _ if error.details().is_some_and(|details| details.contains("max number of clients")) => Reason::TooManyConnections,
        _ => return None,
    };
    Some(Failure::new(reason, message(error)))
}

/// A password for a server that has none changes nothing.
fn needs_no_password(error: &ServerError) -> bool {
    error.details().is_some_and(|details| details.contains("without any password configured") || details.contains("no password is set"))
}

/// The first address of the host that answers.
async fn dial(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|error| Failure::new(Reason::Dns, error))?;
    let mut last = Failure::new(Reason::Dns, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Failure::from(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(reply: &[u8]) -> Option<Reason> {
        match redis::parse_redis_value(reply).unwrap() {
            Value::ServerError(error) => refusal(&error).map(|failure| failure.reason),
            _ => None,
        }
    }

    #[test]
    fn errors_that_any_command_meets_have_a_reason() {
        assert_eq!(reason(b"-NOAUTH Authentication required.\r\n"), Some(Reason::Auth));
        assert_eq!(reason(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"), Some(Reason::Auth));
        assert_eq!(reason(b"-ERR max number of clients reached\r\n"), Some(Reason::TooManyConnections));
        assert_eq!(reason(b"-LOADING Redis is loading the dataset in memory\r\n"), Some(Reason::Starting));
        assert_eq!(reason(b"-DENIED Redis is running in protected mode\r\n"), Some(Reason::Permission));
        assert_eq!(reason(b"-NOPERM User x has no permissions to run the 'info' command\r\n"), None);
    }
}
