//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports are taken from below the kernel's ephemeral range (32768), so that no outgoing connection holds one.
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// Ports between the first ones of two processes with neighbouring ids.
const PER_PROCESS: u32 = 64;

/// How many this process has handed out: each is given once, so tests that run in parallel do not meet.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 on which nothing listens and which no other test of this process is given.
#[must_use]
pub fn free() -> u16 {
    loop {
        let offset = process::id().wrapping_mul(PER_PROCESS).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).expect("the range is below 65536");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_given_once() {
        assert_ne!(free(), free());
    }
}
