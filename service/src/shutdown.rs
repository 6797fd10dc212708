//! How a process is told to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled when the process receives SIGTERM or SIGINT. A second signal ends the process at once.
///
/// # Errors
///
/// When the signals cannot be listened to.
pub fn on_signals() -> std::io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let mut stopping = false;
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if stopping {
                // Whoever says it twice has waited long enough. 130 is what a shell gives for SIGINT.
                std::process::exit(130);
            }
            stopping = true;
            tracing::info!(signal = name, "stopping: no new connections, what is under way is finished");
            stop.cancel();
        }
    });
    Ok(token)
}
