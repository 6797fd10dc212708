//! The log as opened batches, read ahead of the one who applies them.

use crate::{ProjectorError, open::open};
use events::Position;
use read_models::Projected;
use store::{
    log::{Follower, Log, LogError, Stored},
    vault::Vault,
};
use tokio::sync::mpsc;

/// The most events in a batch. Batches are as large as what is there, so that an event waits for no other one.
pub(crate) const MAX_BATCH: usize = 2_000;

/// Batches in the order of the log, each beginning right after the one before.
///
/// The next batch is read and opened while the last one is applied, so that reading, deciphering and writing overlap.
/// At most three batches are in memory. The reader ends when the feed is dropped.
pub(crate) struct Feed {
    batches: mpsc::Receiver<Result<Vec<Projected>, ProjectorError>>,
}

impl Feed {
    /// Everything after `after`, then what is appended from now on, without end.
    pub(crate) fn live(log: &Log, vault: &Vault, after: Position) -> Self {
        Self::start(vault, Source::Live(log.follow(after)))
    }

    /// Everything after `after`, up to and with `last`.
    pub(crate) fn until(log: &Log, vault: &Vault, after: Position, last: Position) -> Self {
        Self::start(vault, Source::Until { log: log.clone(), after, last })
    }

    fn start(vault: &Vault, mut source: Source) -> Self {
        let vault = vault.clone();
        let (sender, batches) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                let stored = tokio::select! {
                    stored = source.next() => stored,
                    () = sender.closed() => return,
                };
                let opened = match stored {
                    Ok(stored) if stored.is_empty() => return,
                    Ok(stored) => open(&vault, stored).await,
                    Err(broken) => Err(broken.into()),
                };
                let broken = opened.is_err();
                if sender.send(opened).await.is_err() || broken {
                    return;
                }
            }
        });
        Self { batches }
    }

    /// The next batch, never empty; `None` after the last one, and after an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<Projected>, ProjectorError>> {
        self.batches.recv().await
    }
}

enum Source {
    Live(Follower),
    Until { log: Log, after: Position, last: Position },
}

impl Source {
    /// The next records; none when there will be no more.
    async fn next(&mut self) -> Result<Vec<Stored>, LogError> {
        match self {
            Source::Live(follower) => follower.next(MAX_BATCH).await,
            Source::Until { after, last, .. } if *after >= *last => Ok(Vec::new()),
            Source::Until { log, after, last } => {
                // Where positions are not dense there are fewer records than that, and some of the page are later.
                let at_most = usize::try_from(last.0 - after.0).unwrap_or(usize::MAX);
                let mut stored = log.read_all(*after, at_most.min(MAX_BATCH)).await?;
                stored.retain(|stored| stored.position <= *last);
                *after = stored.last().map_or(*last, |stored| stored.position);
                Ok(stored)
            }
        }
    }
}
