//! Plausible traffic to the service itself, through real HTTP requests: a compressed daily rhythm, users who come back, a few
//! attackers, some failures. The same seed sends the same requests in the same order, as long as they are answered alike.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::sleep;
use tracing::{info, warn};

mod client;
mod numbers;
mod visitor;

use client::Client;
use numbers::Numbers;
use visitor::Visitors;

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Requests per second at the busiest time.
    pub(crate) rate: f64,
    /// Length of a day.
    pub(crate) day: Duration,
}

/// Share of the busiest time's requests that come in the dead of night.
const NIGHT: f64 = 0.15;

/// Where the simulation sends its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simulated {
    pub(crate) address: SocketAddr,
    /// Whether it ends the tasks too, since nobody else does.
    pub(crate) ends_tasks: bool,
}

/// The simulation's own end of its connection, by which the service knows its requests from those of anybody else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Simulator(Arc<Mutex<Option<SocketAddr>>>);

impl Simulator {
    /// Whether this peer is the simulation.
    pub(crate) fn is(&self, peer: SocketAddr) -> bool {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) == Some(peer)
    }

    fn set(&self, address: Option<SocketAddr>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

/// Sends requests until it is aborted.
pub(crate) async fn run(plan: Plan, simulated: Simulated, simulator: Simulator) {
    let mut simulation = Simulation::new(plan, simulated, simulator);
    let mut failing = false;
    info!(seed = plan.seed, rate = plan.rate, "Simulating traffic");
    loop {
        sleep(simulation.wait()).await;
        match simulation.visit().await {
            Ok(()) => failing = false,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    warn!(%error, "Simulated request failed");
                }
            }
        }
    }
}

/// A simulation under way. Its time is the sum of its waits, so that what it sends does not depend on how fast it is answered.
struct Simulation {
    plan: Plan,
    client: Client,
    numbers: Numbers,
    visitors: Visitors,
    time: Duration,
}

impl Simulation {
    fn new(plan: Plan, simulated: Simulated, simulator: Simulator) -> Self {
        Self {
            plan,
            client: Client::new(simulated.address, simulator),
            numbers: Numbers::new(plan.seed),
            visitors: Visitors::new(simulated.ends_tasks),
            time: Duration::ZERO,
        }
    }

    /// Time in days.
    fn days(&self) -> f64 {
        self.time.as_secs_f64() / self.plan.day.as_secs_f64()
    }

    /// Draws the wait for the next visit: arrivals that do not know of one another.
    fn wait(&mut self) -> Duration {
        let rate = self.plan.rate * rhythm(self.days());
        let wait = Duration::from_secs_f64((-self.numbers.share().ln() / rate).min(5.0));
        self.time += wait;
        wait
    }

    async fn visit(&mut self) -> anyhow::Result<()> {
        let days = self.days();
        self.visitors.act(&mut self.client, &mut self.numbers, days).await
    }
}

/// How busy it is at this time in days: quiet at night, busiest in the afternoon.
fn rhythm(days: f64) -> f64 {
    let height = 0.5 - 0.5 * ((days - 0.15) * std::f64::consts::TAU).cos();
    NIGHT + (1.0 - NIGHT) * height
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, extract::Request, response::IntoResponse};
    use http::StatusCode;
    use http_body_util::BodyExt;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    type Recorded = Arc<Mutex<Vec<String>>>;

    /// A service that only takes down what it is asked, and numbers what it makes. No task ever ends there.
    async fn recorder() -> (SocketAddr, Recorded) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let recorded = Recorded::default();
        let record = Arc::clone(&recorded);
        let router = Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let from = head.headers.get("x-forwarded-for");
            let mut record = record.lock().unwrap();
            record.push(format!("{} {} {from:?} {}", head.method, head.uri, String::from_utf8_lossy(&body)));
            let id = record.len().to_string();
            (StatusCode::OK, Json(json!({ "id": id, "token": id, "status": "queued" }))).into_response()
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        (address, recorded)
    }

    async fn requests(seed: u64, ends_tasks: bool, visits: usize) -> Vec<String> {
        let (address, recorded) = recorder().await;
        let plan = Plan { seed, rate: 10.0, day: Duration::from_mins(1) };
        let mut simulation = Simulation::new(plan, Simulated { address, ends_tasks }, Simulator::default());
        for _ in 0..visits {
            simulation.wait();
            simulation.visit().await.unwrap();
        }
        recorded.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn same_seed_sends_the_same_requests() {
        let first = requests(7, true, 1_000).await;
        assert_eq!(requests(7, true, 1_000).await, first);
        assert_ne!(requests(8, true, 1_000).await, first);
        for path in
            ["/register", "/login", "/tasks", "/internal/tasks", "/units/consume", "/units/purchase", "/users", "/test-endpoint", "203.0.113."]
        {
            assert!(first.iter().any(|request| request.contains(path)), "{path}");
        }
    }

    #[tokio::test]
    async fn tasks_that_nobody_works_on_are_bounded() {
        let created = requests(7, false, 6_000).await.iter().filter(|request| request.starts_with("POST /tasks ")).count();
        assert_eq!(created, visitor::TASKS);
    }

    #[tokio::test]
    async fn only_the_simulation_s_own_connection_is_known() {
        let simulator = Simulator::default();
        let ours: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        assert!(!simulator.is(ours));
        simulator.set(Some(ours));
        assert!(simulator.is(ours) && simulator.is("[::ffff:127.0.0.1]:4711".parse().unwrap()));
        assert!(!simulator.is("127.0.0.1:4712".parse().unwrap()) && !simulator.is("192.0.2.1:4711".parse().unwrap()));
    }

    #[test]
    fn days_have_a_rhythm() {
        assert!(rhythm(0.15) < 0.2 && rhythm(0.65) > 0.95 && (rhythm(0.3) - rhythm(3.3)).abs() < 1e-9);
    }
}
