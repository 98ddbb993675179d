//! A client with one kept connection.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::Simulator;

/// Longest wait for an answer.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Client {
    address: SocketAddr,
    simulator: Simulator,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A request to be sent.
#[derive(Debug, Default)]
pub(super) struct Call<'a> {
    pub(super) path: String,
    /// Posted; without it the request is a GET.
    pub(super) body: Option<Value>,
    pub(super) token: Option<&'a str>,
    /// Where it pretends to come from.
    pub(super) from: Option<String>,
}

impl Client {
    pub(super) const fn new(address: SocketAddr, simulator: Simulator) -> Self {
        Self { address, simulator, connection: None }
    }

    /// Sends a request; status and body of the answer, `null` where that is no JSON.
    pub(super) async fn call(&mut self, call: Call<'_>) -> anyhow::Result<(StatusCode, Value)> {
        let answered = timeout(TIMEOUT, self.exchange(call)).await.map_err(anyhow::Error::from).flatten();
        if answered.is_err() {
            self.connection = None;
            self.simulator.set(None);
        }
        answered
    }

    async fn exchange(&mut self, call: Call<'_>) -> anyhow::Result<(StatusCode, Value)> {
        let (method, body) = call.body.map_or_else(|| ("GET", Bytes::new()), |body| ("POST", Bytes::from(body.to_string())));
        let mut request = Request::builder().method(method).uri(call.path).header(header::HOST, self.address.to_string());
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = call.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(from) = call.from {
            request = request.header("x-forwarded-for", from);
        }
        let answer = self.connection().await?.send_request(request.body(Full::new(body))?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    async fn connection(&mut self) -> anyhow::Result<&mut SendRequest<Full<Bytes>>> {
        let connection = match self.connection.take() {
            Some(connection) if connection.is_ready() => connection,
            _ => {
                let stream = TcpStream::connect(self.address).await?;
                self.simulator.set(Some(stream.local_addr()?));
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(async move {
                    // The sender learns of it with the next request.
                    let _ = connection.await;
                });
                sender
            }
        };
        Ok(self.connection.insert(connection))
    }
}
