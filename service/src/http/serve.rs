//! From the socket to the routes. axum's own `serve` waits for ever for whatever a client leaves out; this one does not.

use super::Limits;
use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

/// Above the frame's own bounds, so that a little too much is answered with a problem; far too much gets hyper's bare
/// 431 and the connection's end.
const MAX_HEADERS_PARSED: usize = 256;
const MAX_BUFFER_BYTES: usize = 32 * 1024;
/// How long to wait when the process has run out of file descriptors or the like.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// The other end of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves the router over HTTP/1.1 until told to stop. Then it takes no more connections, lets requests under way end
/// within `limits.drain`, closes what is idle, and returns.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let abandon = CancellationToken::new();
    while let Some(Accepted { stream, peer, slot }) = accept(&listener, &slots, &stop).await {
        let connection = connection(stream, peer.ip(), router.clone(), limits, stop.clone());
        let abandon = abandon.clone();
        connections.spawn(async move {
            tokio::select! {
                () = connection => {}
                () = abandon.cancelled() => {}
            }
            drop(slot);
        });
    }
    drop(listener);
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
    peer: SocketAddr,
    slot: OwnedSemaphorePermit,
}

/// The next connection, once there is room for it; `None` when it is time to stop.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<Accepted> {
    let next = async {
        let slot = Arc::clone(slots).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some(Accepted { stream, peer, slot }),
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

/// One connection, until either end closes it or a limit is reached.
async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    // Without it a small answer may wait for the client's acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
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
