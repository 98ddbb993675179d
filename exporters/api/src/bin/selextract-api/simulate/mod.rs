//! Plausible traffic to the service itself, through real HTTP requests: a compressed daily rhythm, users who come back, a few
//! attackers, some failures. The same seed sends the same requests in the same order.

use std::{net::SocketAddr, time::Duration};

use tokio::time::{Instant, sleep};
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

/// Sends requests until it is aborted. `without_workers` lets it end the tasks too, since nobody else does.
pub(crate) async fn run(plan: Plan, address: SocketAddr, without_workers: bool) {
    let mut client = Client::new(address);
    let mut numbers = Numbers::new(plan.seed);
    let mut visitors = Visitors::new(without_workers);
    let start = Instant::now();
    let mut failing = false;
    info!(seed = plan.seed, rate = plan.rate, "Simulating traffic");
    loop {
        let rate = plan.rate * rhythm(start.elapsed().as_secs_f64() / plan.day.as_secs_f64());
        // Arrivals that do not know of one another.
        sleep(Duration::from_secs_f64((-numbers.share().ln() / rate).min(5.0))).await;
        match visitors.act(&mut client, &mut numbers, start.elapsed().as_secs_f64() / plan.day.as_secs_f64()).await {
            Ok(()) => failing = false,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    warn!(%error, "Simulated request failed");
                }
            }
        }
    }
}

/// How busy it is at this time in days: quiet at night, busiest in the afternoon.
fn rhythm(days: f64) -> f64 {
    let height = 0.5 - 0.5 * ((days - 0.15) * std::f64::consts::TAU).cos();
    NIGHT + (1.0 - NIGHT) * height
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_a_rhythm() {
        assert!(rhythm(0.15) < 0.2 && rhythm(0.65) > 0.95 && (rhythm(0.3) - rhythm(3.3)).abs() < 1e-9);
    }
}
