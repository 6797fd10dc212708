//! From the socket to the routes. axum's own `serve` waits for ever for whatever a client leaves out; this one does not.

use super::{
    Door, Limits,
    door::{Held, Sources},
};
use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

/// Above the frame's own bounds, so that a little too much is answered with a problem; far too much gets hyper's bare
/// 431 and the connection's end.
const MAX_HEADERS_PARSED: usize = 256;
const MAX_BUFFER_BYTES: usize = 32 * 1024;
/// How long to wait when the process has run out of file descriptors or the like.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// The other end of the connection that a request came by, and whether it is TLS that ends here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) ip: IpAddr,
    pub(super) https: bool,
}

/// Serves the router over HTTP/1.1 until told to stop. Then it takes no more connections, lets requests under way end
/// within `limits.drain`, closes what is idle, and returns.
pub async fn serve(door: impl Into<Door>, router: Router, limits: Limits, stop: CancellationToken) {
    let door = door.into();
    let connections = TaskTracker::new();
    let entrance = Entrance {
        slots: Arc::new(Semaphore::new(limits.connections)),
        sources: Sources::default(),
        most: limits.connections_per_source,
    };
    let abandon = CancellationToken::new();
    while let Some(Accepted { stream, peer, places }) = entrance.next(&door, &stop).await {
        let acceptor = door.tls().map(super::Tls::acceptor);
        let speaking = Speaking { router: router.clone(), peer, limits, stop: stop.clone() };
        let abandon = abandon.clone();
        connections.spawn(async move {
            tokio::select! {
                () = speaking.connection(stream, acceptor) => {}
                () = abandon.cancelled() => {}
            }
            drop(places);
        });
    }
    drop(door);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "stopping: cut off connections that did not end in time"
        );
        abandon.cancel();
        connections.wait().await;
    }
}

struct Accepted {
    stream: TcpStream,
    peer: Peer,
    /// Its place among all, and among those of its source.
    places: (OwnedSemaphorePermit, Option<Held>),
}

/// How many may come in.
struct Entrance {
    slots: Arc<Semaphore>,
    sources: Sources,
    most: usize,
}

impl Entrance {
    /// The next connection, once there is room for it; `None` when it is time to stop.
    async fn next(&self, door: &Door, stop: &CancellationToken) -> Option<Accepted> {
        let next = async {
            let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
            loop {
                match door.accept().await {
                    Ok((stream, address)) => {
                        let Some(held) = self.hold(door, address.ip()) else { continue };
                        return Some(Accepted {
                            stream,
                            peer: door.peer(address.ip()),
                            places: (slot, held),
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "connection could not be accepted");
                        tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                    }
                }
            }
        };
        tokio::select! {
            accepted = next => accepted,
            () = stop.cancelled() => None,
        }
    }

    /// A place among those of its source, if it needs one; `None` when they are taken. Then the connection is closed at
    /// once: to let it wait would take a place among all.
    fn hold(&self, door: &Door, ip: IpAddr) -> Option<Option<Held>> {
        let Some(source) = door.source(ip) else { return Some(None) };
        let held = self.sources.hold(source, self.most);
        if held.is_none() {
            metrics::counter!("evident_connections_refused_total").increment(1);
        }
        held.map(Some)
    }
}

/// One connection and what is spoken on it.
struct Speaking {
    router: Router,
    peer: Peer,
    limits: Limits,
    stop: CancellationToken,
}

impl Speaking {
    /// Speaks until either end closes it or a limit is reached.
    async fn connection(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        // Without it a small answer may wait for the client's acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = acceptor else { return self.http(stream).await };
        let handshake = tokio::time::timeout(self.limits.head, acceptor.accept(stream));
        // Who does not get through it, or speaks something else, has nothing to be told.
        if let Some(Ok(Ok(stream))) = self.stop.clone().run_until_cancelled(handshake).await {
            self.http(stream).await;
        }
    }

    async fn http(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Speaking { router, peer, limits, stop } = self;
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.clone().call(request)
        });
        let mut http = http1::Builder::new();
        // The timer first: without one the timeout would silently not be kept (SECURITY §R).
        http.timer(TokioTimer::new()).header_read_timeout(limits.head);
        http.max_headers(MAX_HEADERS_PARSED).max_buf_size(MAX_BUFFER_BYTES);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        // How a connection ends is its client's business; nobody here could do anything about it.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stop.cancelled() => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
