//! Whose password is computed next: one at a time, and the addresses take turns.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// One password at a time: bcrypt takes a whole core, and the other is for the scrapes.
const AT_ONCE: usize = 1;

/// Logins that wait. Those of one address wait for each other first, so that a flood of wrong ones from one address delays
/// a login from another by one computation.
#[derive(Debug)]
pub(crate) struct Gate {
    all: Arc<Semaphore>,
    each: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// Leave to compute; the next one's turn comes when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), each: Mutex::default() }
    }

    /// Waits for this address's turn.
    ///
    /// # Errors
    /// None: the semaphores are never closed.
    pub(crate) async fn turn(&self, address: IpAddr) -> Result<Turn, AcquireError> {
        let own = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            // Who waits or computes holds a clone.
            each.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            Arc::clone(each.entry(network(address)).or_insert_with(|| Arc::new(Semaphore::new(1))))
        };
        let own = own.acquire_owned().await?;
        Ok(Turn { _all: Arc::clone(&self.all).acquire_owned().await?, _own: own })
    }
}

/// The address, or what one client has of IPv6: 64 bits of network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn network_is_what_one_client_has() {
        for (address, expected) in [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("::", "::")] {
            assert_eq!(network(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap());
        }
    }

    #[tokio::test]
    async fn flood_from_one_address_delays_another_by_one_turn() {
        let gate = Gate::new();
        let [attacker, scraper] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse::<IpAddr>().unwrap());
        let first = gate.turn(attacker).now_or_never().unwrap().unwrap();
        let mut flood: Vec<_> = (0..1_000).map(|_| Box::pin(gate.turn(attacker))).collect();
        for turn in &mut flood {
            assert!(turn.now_or_never().is_none());
        }
        let mut login = Box::pin(gate.turn(scraper));
        assert!((&mut login).now_or_never().is_none());
        drop(first);
        assert!((&mut flood[0]).now_or_never().is_none());
        assert!(login.now_or_never().is_some_and(|turn| turn.is_ok()));
        drop(flood);
        assert!(gate.turn(attacker).now_or_never().is_some_and(|turn| turn.is_ok()));
        assert_eq!(gate.each.lock().unwrap().len(), 1);
    }
}
