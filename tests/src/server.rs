//! A loopback HTTP server around a closure.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

use crate::http::{Headers, Response};

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method, as sent.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// Body, complete.
    pub body: Vec<u8>,
}

/// Answers every request on its port with what its handler returns; ends with all its connections when dropped.
#[derive(Debug)]
pub struct Server {
    port: u16,
    runtime: Option<Runtime>,
}

impl Server {
    /// Listens on a free port. The handler may block.
    #[must_use]
    pub fn start(handler: impl Fn(Request) -> Response + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        let handler: Arc<Handler> = Arc::new(handler);
        let listener = runtime.block_on(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).expect("a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&handler)));
            }
        });
        Self { port, runtime: Some(runtime) }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Handler = dyn Fn(Request) -> Response + Send + Sync;

/// One background thread with timers and sockets.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime can be started")
}

async fn serve(stream: TcpStream, handler: Arc<Handler>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&handler)));
    // A client that leaves in the middle is its own affair.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: hyper::Request<Incoming>, handler: Arc<Handler>) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(hyper::Response::default());
    };
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    let request = Request { method: head.method.to_string(), path: head.uri.to_string(), headers, body: body.to_bytes().to_vec() };
    let response = spawn_blocking(move || handler(request)).await.unwrap_or(Response { status: 500, ..Response::default() });
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in response.headers {
        builder = builder.header(name, value);
    }
    Ok(builder.body(Full::from(response.body)).expect("a handler returns valid headers"))
}
