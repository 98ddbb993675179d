//! HTTP/1.1 within limits: a client that sends slowly, or only connects, takes neither the service's memory nor its places for long.

use std::{
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::StatusCode;
use http_body::{Body as _, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tower_service::Service;
use tracing::warn;

/// What a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Longest wait for the head of a request, also on a connection that is kept.
    pub(crate) head: Duration,
    /// Longest time of a request until its answer begins.
    pub(crate) request: Duration,
    /// Open connections; more wait in the kernel's queue.
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), request: Duration::from_secs(15), connections: 1_024 }
    }
}

/// Time that open requests have once the service is to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Before another try where a connection could not be accepted, which most often means that there are too many files.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopped` resolves and what is open has been answered.
pub(crate) async fn until(listener: TcpListener, router: Router, limits: Limits, stopped: impl Future<Output = ()>) {
    // Once for all connections: a router without its state is put together anew for each request.
    let router = router.with_state(());
    let room = Arc::new(Semaphore::new(limits.connections));
    let (open, mut stopped) = (GracefulShutdown::new(), pin!(stopped));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let router = router.clone();
                let answer = move |mut request: http::Request<Incoming>| {
                    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                    router.clone().call(request)
                };
                let connection = open.watch(http.serve_connection(TokioIo::new(undelayed(stream)), service_fn(answer)));
                tokio::spawn(async move {
                    // A client that breaks off, or takes too long, is its own affair.
                    let _ = connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                warn!(%error, "Connection cannot be accepted");
                sleep(PAUSE).await;
            }
        }
    }
    // Nobody new is let in meanwhile.
    drop(listener);
    let _ = timeout(GRACE, open.shutdown()).await;
}

/// Answers are small and written at once: waiting for more to send only delays them.
fn undelayed(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}

/// The same routes; a request that takes too long gets an answer, and its handler ends. Goes below what measures them.
pub(crate) fn in_time(router: Router, limits: Limits) -> Router {
    router.layer(middleware::from_fn(move |request, next| answered(limits.request, request, next)))
}

async fn answered(limit: Duration, request: Request, next: Next) -> Response {
    let awaited = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| if body.is_end_stream() { body } else { Body::new(Awaited { body, awaited: Arc::clone(&awaited) }) });
    timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        // Whose slowness it is makes the difference between an error of the client's and one of ours, which raises alerts.
        if awaited.load(Ordering::Relaxed) {
            (StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time\n").into_response()
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "the answer took too long\n").into_response()
        }
    })
}

/// A request's body, which says whether its handler waits for the client to send more of it.
struct Awaited {
    body: Body,
    awaited: Arc<AtomicBool>,
}

impl http_body::Body for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.awaited.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::routing::{get, post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
    };

    use super::*;

    /// Longer than any wait of these tests.
    const PATIENCE: Duration = Duration::from_secs(30);

    struct Fixture {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        served: tokio::task::JoinHandle<()>,
    }

    async fn serve(limits: Limits) -> Fixture {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let router = Router::new().route("/", get(who)).route("/slow", post(|body: Bytes| async move { body }));
        let router = router.route("/stuck", post(|_: Bytes| pending::<()>()));
        let served = tokio::spawn(until(listener, in_time(router, limits), limits, async {
            let _ = stopped.await;
        }));
        Fixture { address, stop, served }
    }

    impl Fixture {
        /// Sends this, and reads until the service closes the connection.
        async fn exchange(&self, text: &str) -> String {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut answer = String::new();
            timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
            answer
        }
    }

    const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn client_that_sends_slowly_is_let_go() {
        let fixture = serve(Limits { head: Duration::from_millis(100), request: Duration::from_millis(100), ..Limits::default() }).await;
        assert!(fixture.exchange(GET).await.ends_with("\r\n\r\n127.0.0.1"));
        assert!(!fixture.exchange("GET / HTTP/1.1\r\nhost:").await.contains(" 200 "), "the head never comes");
        let answer = fixture.exchange("POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab").await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }

    #[tokio::test]
    async fn handler_that_takes_too_long_is_an_error_of_ours() {
        let fixture = serve(Limits { request: Duration::from_millis(100), ..Limits::default() }).await;
        for body in ["content-length: 0\r\n\r\n", "content-length: 2\r\n\r\nab"] {
            let answer = fixture.exchange(&format!("POST /stuck HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{body}")).await;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        }
    }

    #[tokio::test]
    async fn connections_are_limited() {
        let fixture = serve(Limits { connections: 1, ..Limits::default() }).await;
        let first = TcpStream::connect(fixture.address).await.unwrap();
        let mut second = pin!(fixture.exchange(GET));
        assert!(timeout(Duration::from_millis(200), &mut second).await.is_err(), "there is one place");
        drop(first);
        assert!(second.await.contains(" 200 "));
    }

    #[tokio::test]
    async fn open_connections_end_with_the_service() {
        let fixture = serve(Limits::default()).await;
        let mut kept = TcpStream::connect(fixture.address).await.unwrap();
        kept.write_all(GET.replace("close", "keep-alive").as_bytes()).await.unwrap();
        let mut first = [0; 512];
        assert!(kept.read(&mut first).await.unwrap() > 0);
        fixture.stop.send(()).unwrap();
        timeout(PATIENCE, fixture.served).await.unwrap().unwrap();
        assert_eq!(kept.read(&mut first).await.unwrap(), 0);
        assert!(TcpStream::connect(fixture.address).await.is_err());
    }
}
