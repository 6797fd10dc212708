//! placeholder
use super::Limits;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves the router until told to stop.
pub async fn serve(_listener: TcpListener, _router: Router, _limits: Limits, _stop: CancellationToken) {}
