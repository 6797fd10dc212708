//! Who is behind an address.

use std::net::IpAddr;

/// The part of an address that one subscriber has: all of IPv4, the first 64 bits of IPv6 (RFC 6177). Whoever comes from
/// nowhere that is known is one subscriber together with all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subscriber {
    /// An address.
    V4([u8; 4]),
    /// A network.
    V6([u8; 8]),
    /// Not known.
    Unknown,
}

impl Subscriber {
    /// Who is behind this address.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Subscriber::V4(address.octets()),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Subscriber::V6([a, b, c, d, e, f, g, h])
            }
            None => Subscriber::Unknown,
        }
    }

    /// What tells this one from all others.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Subscriber::V4(address) => address,
            Subscriber::V6(network) => network,
            Subscriber::Unknown => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_an_ipv4_address_or_the_first_half_of_an_ipv6_address() {
        let of = |address: &str| Subscriber::of(Some(address.parse().expect("an address")));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:9"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"), "one address, written in two ways");
        assert_eq!(Subscriber::of(None).bytes(), b"");
    }
}
