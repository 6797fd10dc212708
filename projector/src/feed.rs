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

/// What comes out of one step of the feed.
type Step<T> = Result<Vec<T>, ProjectorError>;

/// Batches in the order of the log, each beginning right after the one before.
///
/// While a batch is applied the next one is opened, and the one after that is read: reading, deciphering and writing overlap,
/// on as many cores as there are. At most five batches are in memory. The feed ends when it is dropped.
pub(crate) struct Feed {
    batches: mpsc::Receiver<Step<Projected>>,
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

    fn start(vault: &Vault, source: Source) -> Self {
        let (reading, stored) = mpsc::channel(1);
        let (opening, batches) = mpsc::channel(1);
        tokio::spawn(read_ahead(source, reading));
        tokio::spawn(open_ahead(vault.clone(), stored, opening));
        Self { batches }
    }

    /// The next batch, never empty; `None` after the last one, and after an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<Projected>, ProjectorError>> {
        self.batches.recv().await
    }
}

/// Reads batch after batch, until there are no more, one cannot be read, or nobody wants the next.
async fn read_ahead(mut source: Source, reading: mpsc::Sender<Step<Stored>>) {
    loop {
        let stored = tokio::select! {
            stored = source.next() => stored,
            () = reading.closed() => return,
        };
        let over = stored.as_ref().map_or(true, Vec::is_empty);
        let gone = reading.send(stored.map_err(ProjectorError::from)).await.is_err();
        if over || gone {
            return;
        }
    }
}

/// Opens batch after batch, as long as they come, can be opened, and somebody wants them.
async fn open_ahead(
    vault: Vault,
    mut stored: mpsc::Receiver<Step<Stored>>,
    opening: mpsc::Sender<Step<Projected>>,
) {
    while let Some(read) = stored.recv().await {
        let opened = match read {
            Ok(stored) if stored.is_empty() => return,
            Ok(stored) => open(&vault, stored).await,
            Err(broken) => Err(broken),
        };
        let broken = opened.is_err();
        if opening.send(opened).await.is_err() || broken {
            return;
        }
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
