//! One thing that a reactor has to do because of one event, and what becomes of it.

use crate::{
    ReadModels, ReadModelsError,
    columns::{position, signed, unsigned},
    open::reading,
    transaction::{Tx, within},
};
use events::{EventId, Position, Timestamp};
use uuid::Uuid;

/// Something to do because of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The event.
    pub event: EventId,
    /// Where it stands in the log.
    pub position: Position,
    /// What is to be done, in the reactor's own words.
    pub task: String,
    /// How often that was begun.
    pub attempts: u32,
}

/// How many errands of a reactor there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErrandCounts {
    /// Those that wait for their time.
    pub waiting: u64,
    /// Those that nobody tries any more.
    pub parked: u64,
}

const NOTE: &str = "
    insert into errands (reactor, event_id, task, position, attempts, due_at_us) values ($1, $2, $3, $4, 0, $5)
    on conflict (reactor, event_id, task) do nothing";
const DUE: &str = "
    select event_id, task, position, attempts from errands
    where reactor = $1 and parked_because is null and due_at_us <= $2 order by due_at_us limit $3";

/// Of many who take one at once, one finds it as it was.
const TAKE: &str = "
    update errands set attempts = attempts + 1, due_at_us = $5
    where reactor = $1 and event_id = $2 and task = $3 and attempts = $4 and parked_because is null";
const POSTPONE: &str = "update errands set due_at_us = $4 where reactor = $1 and event_id = $2 and task = $3";
const PARK: &str =
    "update errands set parked_because = $4 where reactor = $1 and event_id = $2 and task = $3";
const DONE: &str = "delete from errands where reactor = $1 and event_id = $2 and task = $3";
const COUNT: &str = "
    select count(*), count(parked_because) from errands where reactor = $1";
const PARKED: &str = "
    select event_id, task, position, attempts, parked_because from errands
    where parked_because is not null order by position, task limit 1000";
const RESUME: &str = "
    update errands set parked_because = null, attempts = 0, due_at_us = $1 where parked_because is not null";

type Row = (Uuid, String, i64, i64);
type ParkedRow = (Uuid, String, i64, i64, String);

pub(super) async fn note(
    tx: &mut Tx,
    reactor: &str,
    errands: &[Errand],
    now: Timestamp,
) -> Result<(), ReadModelsError> {
    for errand in errands {
        within!(tx, |connection| {
            let query = sqlx::query(NOTE).bind(reactor).bind(errand.event.0).bind(&errand.task);
            query.bind(signed(errand.position.0)).bind(now.micros()).execute(connection).await?;
        });
    }
    Ok(())
}

/// Runs one statement about one errand; answers whether there was one.
macro_rules! about {
    ($models:expr, $statement:expr, $reactor:expr, $errand:expr $(, $value:expr)*) => {{
        let mut tx = Tx::begin($models).await?;
        let found = within!(&mut tx, |connection| {
            let query = sqlx::query($statement).bind($reactor).bind($errand.event.0).bind(&$errand.task);
            query$(.bind($value))*.execute(connection).await?.rows_affected()
        });
        tx.commit().await?;
        Ok(found == 1)
    }};
}

impl ReadModels {
    /// What a reactor has to do by now, what has waited longest first.
    pub async fn due_errands(
        &self,
        reactor: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Errand>, ReadModelsError> {
        let rows: Vec<Row> = reading!(self, |pool| {
            let query = sqlx::query_as(DUE).bind(reactor).bind(now.micros()).bind(i64::from(limit));
            query.fetch_all(pool).await?
        });
        rows.into_iter().map(errand).collect()
    }

    /// Says that this errand is being run, and is to be run again at `again_at` should nobody say more. Answers no when
    /// another process was faster.
    pub async fn take_errand(
        &self,
        reactor: &str,
        errand: &Errand,
        again_at: Timestamp,
    ) -> Result<bool, ReadModelsError> {
        about!(self, TAKE, reactor, errand, i64::from(errand.attempts), again_at.micros())
    }

    /// It was run in vain, and is to be run again then.
    pub async fn postpone_errand(
        &self,
        reactor: &str,
        errand: &Errand,
        until: Timestamp,
    ) -> Result<bool, ReadModelsError> {
        about!(self, POSTPONE, reactor, errand, until.micros())
    }

    /// Nobody is to run it any more, until [`ReadModels::resume_errands`].
    pub async fn park_errand(
        &self,
        reactor: &str,
        errand: &Errand,
        because: &str,
    ) -> Result<bool, ReadModelsError> {
        about!(self, PARK, reactor, errand, because)
    }

    /// It was run.
    pub async fn finish_errand(&self, reactor: &str, errand: &Errand) -> Result<bool, ReadModelsError> {
        about!(self, DONE, reactor, errand)
    }

    /// How many errands a reactor has.
    pub async fn count_errands(&self, reactor: &str) -> Result<ErrandCounts, ReadModelsError> {
        let (all, parked): (i64, i64) =
            reading!(self, |pool| sqlx::query_as(COUNT).bind(reactor).fetch_one(pool).await?);
        Ok(ErrandCounts { waiting: unsigned("errands", all - parked)?, parked: unsigned("errands", parked)? })
    }

    /// The errands that nobody runs any more, the oldest thousand of them, and why.
    pub async fn parked_errands(&self) -> Result<Vec<(Errand, String)>, ReadModelsError> {
        let rows: Vec<ParkedRow> = reading!(self, |pool| sqlx::query_as(PARKED).fetch_all(pool).await?);
        let parked = |(event, task, position, attempts, because): ParkedRow| {
            Ok((errand((event, task, position, attempts))?, because))
        };
        rows.into_iter().map(parked).collect()
    }

    /// Has all errands run again that nobody ran any more; answers how many.
    pub async fn resume_errands(&self, now: Timestamp) -> Result<u64, ReadModelsError> {
        let mut tx = Tx::begin(self).await?;
        let resumed = within!(&mut tx, |connection| {
            sqlx::query(RESUME).bind(now.micros()).execute(connection).await?.rows_affected()
        });
        tx.commit().await?;
        Ok(resumed)
    }
}

fn errand((event, task, at, attempts): Row) -> Result<Errand, ReadModelsError> {
    let attempts = u32::try_from(unsigned("errands", attempts)?).unwrap_or(u32::MAX);
    Ok(Errand { event: EventId(event), position: position("errands", at)?, task, attempts })
}
