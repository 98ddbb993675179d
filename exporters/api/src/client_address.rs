//! Whose request it is: the peer's address, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

/// What a proxy appends the address to that it was reached from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Number of proxies of ours that every request passes through; 0 if clients reach us themselves.
///
/// Each of them appends one address to `X-Forwarded-For`, so the client's is that many from the right. Whatever stands further left
/// came with the request and is the client's own invention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub usize);

/// A client's address in the form in which it is counted: IPv4 as it is, also where it comes mapped into IPv6, and of IPv6 the first
/// 64 bits, since a client has the rest to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(Option<IpAddr>);

impl TrustedProxies {
    /// The client of a request that came from `peer`.
    #[must_use]
    pub fn client(self, peer: Option<IpAddr>, headers: &HeaderMap) -> ClientAddress {
        if self.0 == 0 {
            return ClientAddress::new(peer);
        }
        let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let entries: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        // The last one is the nearest proxy's word. If there are fewer than proxies, the first one still is a proxy's.
        let mut nearest = None;
        for entry in entries.into_iter().rev().take(self.0) {
            match address(entry) {
                Some(found) => nearest = Some(found),
                // What cannot be read hides what stands behind it.
                None => break,
            }
        }
        ClientAddress::new(nearest.or(peer))
    }
}

impl ClientAddress {
    fn new(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            v4 @ IpAddr::V4(_) => v4,
        }))
    }

    /// The label's value; `unknown` where there is no address, as on a Unix socket.
    #[must_use]
    pub fn label(self) -> String {
        match self.0 {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(network)) => format!("{network}/64"),
            None => "unknown".to_owned(),
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self::new(Some(address))
    }
}

/// An entry of the header: an address, with or without a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn label(proxies: usize, peer: &str, forwarded: &[&str]) -> String {
        let headers = forwarded.iter().map(|value| (http::HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_str(value).unwrap()));
        TrustedProxies(proxies).client(peer.parse().ok(), &headers.collect()).label()
    }

    #[test]
    fn header_counts_only_behind_trusted_proxies() {
        for (proxies, forwarded, expected) in [
            (0, &["203.0.113.9"][..], "192.0.2.1"),
            (1, &["203.0.113.9"], "203.0.113.9"),
            (1, &["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
            (1, &["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
            (2, &["6.6.6.6, 203.0.113.9, 198.51.100.1"], "203.0.113.9"),
            (2, &["203.0.113.9"], "203.0.113.9"),
            (3, &["203.0.113.9,198.51.100.1"], "203.0.113.9"),
            (1, &[], "192.0.2.1"),
            (1, &["203.0.113.9:4711"], "203.0.113.9"),
            (1, &["nonsense"], "192.0.2.1"),
            (2, &["nonsense, 203.0.113.9"], "203.0.113.9"),
            (1, &["[2001:db8:1:2:3::4]:443"], "2001:db8:1:2::/64"),
        ] {
            assert_eq!(label(proxies, "192.0.2.1", forwarded), expected, "{proxies} {forwarded:?}");
        }
    }

    #[test]
    fn addresses_are_grouped_as_they_are_given_out() {
        assert_eq!(label(0, "::ffff:192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(label(0, "2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::/64");
        assert_eq!(label(0, "2001:db8:1:2:ffff::", &[]), "2001:db8:1:2::/64");
        assert_eq!(label(0, "", &[]), "unknown");
    }
}
