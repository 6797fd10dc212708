//! Where connections come in: a socket, the TLS that is spoken on it, and how many each source may have.

use super::{Tls, serve::Peer};
use crate::shared::Subscriber;
use ipnet::IpNet;
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::{TcpListener, TcpStream};

/// A place to come in by.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
    proxies: Vec<IpNet>,
}

impl From<TcpListener> for Door {
    /// In the clear, for anybody.
    fn from(listener: TcpListener) -> Self {
        Self { listener, tls: None, proxies: Vec::new() }
    }
}

impl Door {
    /// The same, with TLS.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The same, where these networks bring the connections of many.
    #[must_use]
    pub fn behind(self, proxies: Vec<IpNet>) -> Self {
        Self { proxies, ..self }
    }

    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.listener.accept().await
    }

    pub(super) fn peer(&self, ip: IpAddr) -> Peer {
        Peer { ip, https: self.tls.is_some() }
    }

    /// Who is counted together with whom; `None` for a proxy, which is many.
    pub(super) fn source(&self, ip: IpAddr) -> Option<Subscriber> {
        let ip = ip.to_canonical();
        let is_proxy = self.proxies.iter().any(|network| network.contains(&ip));
        (!is_proxy).then(|| Subscriber::of(Some(ip)))
    }
}

/// How many connections each source has at this moment. It knows no more sources than there are connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Arc<Mutex<HashMap<Subscriber, usize>>>);

/// One of a source's connections, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    sources: Sources,
    source: Subscriber,
}

impl Sources {
    /// Another connection of a source; `None` when it has as many as it may.
    pub(super) fn hold(&self, source: Subscriber, most: usize) -> Option<Held> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(source).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Held { sources: self.clone(), source })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.sources.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_so_many_and_is_forgotten_with_the_last() {
        let sources = Sources::default();
        let source = |address: &str| Subscriber::of(Some(address.parse().expect("an address")));
        let held: Vec<_> = (0..3).filter_map(|_| sources.hold(source("192.0.2.1"), 2)).collect();
        assert_eq!(held.len(), 2);
        assert!(sources.hold(source("192.0.2.2"), 2).is_some());
        drop(held);
        assert!(sources.0.lock().expect("not poisoned").is_empty());
    }
}
