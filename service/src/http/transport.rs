//! Whether a request came by https: over TLS of our own, or over that of a proxy that is believed.

use super::serve::Peer;
use http::HeaderMap;
use ipnet::IpNet;

/// Whether it did, as far as can be known. A trusted proxy MUST say so in `X-Forwarded-Proto`, last where there are
/// several; what others say in it counts for nothing.
pub(super) fn came_by_https(peer: Option<&Peer>, headers: &HeaderMap, proxies: &[IpNet]) -> bool {
    let Some(peer) = peer else { return false };
    if peer.https {
        return true;
    }
    let ip = peer.ip.to_canonical();
    let believed = proxies.iter().any(|network| network.contains(&ip));
    let said = headers.get_all("x-forwarded-proto").iter().next_back().and_then(|line| line.to_str().ok());
    let scheme = said.and_then(|line| line.rsplit(',').next()).map(str::trim);
    believed && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn came(ip: &str, https: bool, said: &[&'static str]) -> bool {
        let peer = Peer { ip: ip.parse().expect("an address"), https };
        let lines = said
            .iter()
            .map(|scheme| ("x-forwarded-proto".parse().expect("a name"), HeaderValue::from_static(scheme)));
        came_by_https(Some(&peer), &lines.collect(), &["10.0.0.0/8".parse().expect("a network")])
    }

    #[test]
    fn our_own_tls_is_enough_and_nobody_else_than_a_proxy_can_say_so() {
        assert!(came("192.0.2.1", true, &[]) && came("192.0.2.1", true, &["http"]));
        assert!(!came("192.0.2.1", false, &["https"]) && !came("127.0.0.1", false, &["https"]));
    }

    #[test]
    fn a_proxy_has_to_say_so_and_says_it_last() {
        for yes in [&["https"][..], &["HTTPS"], &["http, https"], &["http", "https"]] {
            assert!(came("10.0.0.1", false, yes) && came("::ffff:10.0.0.1", false, yes), "{yes:?}");
        }
        for no in [&[][..], &["http"], &["https, http"], &["https", "http"], &[""], &["httpss"]] {
            assert!(!came("10.0.0.1", false, no), "{no:?}");
        }
    }
}
