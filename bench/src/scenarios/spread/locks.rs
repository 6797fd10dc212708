//! How much of their time PostgreSQL's sessions spend waiting for locks of each other, by looking often.

use crate::{
    Outcome,
    table::{Figure, Reach, Row},
};
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tokio::{sync::oneshot, task::JoinHandle};

const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Sessions that are at work now, and those of them that wait for a lock (relation, row, transaction, advisory).
const LOOK: &str = "
    select count(*), count(*) filter (where wait_event_type = 'Lock')
    from pg_stat_activity
    where datname = current_database() and state = 'active' and pid <> pg_backend_pid()";

/// What was seen so far.
#[derive(Default)]
struct Seen {
    active: i64,
    waiting: i64,
}

/// Looks until it is stopped.
pub(super) struct Watch {
    stop: oneshot::Sender<()>,
    looking: JoinHandle<Outcome<Seen>>,
}

impl Watch {
    pub(super) async fn start(database: &str) -> Outcome<Self> {
        let mut connection = PgConnection::connect(database).await?;
        let (stop, mut stopped) = oneshot::channel();
        let looking = tokio::spawn(async move {
            let mut seen = Seen::default();
            while stopped.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
                let (active, waiting): (i64, i64) = sqlx::query_as(LOOK).fetch_one(&mut connection).await?;
                seen.active += active;
                seen.waiting += waiting;
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(seen)
        });
        Ok(Self { stop, looking })
    }

    pub(super) async fn stop(self) -> Outcome<Row> {
        // It ends by itself only with an error, which the next line tells.
        let _gone = self.stop.send(());
        let seen = self.looking.await??;
        #[expect(clippy::cast_precision_loss, reason = "counts of looks")]
        let share = 100.0 * seen.waiting as f64 / seen.active.max(1) as f64;
        Ok(Row {
            scenario: format!(
                "database time in lock waits, all of spread, {} looks at a session at work",
                seen.active
            ),
            ours: Figure::Percent(share),
            limit: None,
            reach: Reach::PercentAtMost(1.0),
        })
    }
}
