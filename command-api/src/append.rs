//! From facts to records: numbered, sealed, appended.

use crate::{App, command::Asked, failure::Failure};
use events::{Draft, Fact, Month, Record, SealContext, StreamName, UserId, Version};
use service::security;
use std::sync::Arc;
use store::{
    log::{AppendError, Appended, Guard},
    vault::Sealer,
};

/// Facts, and where they are to stand.
pub(crate) struct Pending<'a> {
    pub(crate) stream: &'a StreamName,
    /// The stream's version that they were decided at.
    pub(crate) after: Version,
    /// Whose keys seal what is personal in them.
    pub(crate) person: Option<UserId>,
    /// These keys, if they are loaded already.
    pub(crate) keys: Option<Arc<Sealer>>,
    pub(crate) facts: &'a [Fact],
    /// What else they were decided from.
    pub(crate) guards: &'a [Guard],
}

/// Why facts were not appended.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// Somebody was faster, or destroyed the keys: what was decided holds no longer.
    Stale,
    /// A guard does not hold: who asked is not who they were.
    Moved,
    /// Anything else.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Unwritten {
    fn from(error: E) -> Self {
        Unwritten::Failed(error.into())
    }
}

impl App {
    /// Appends facts, all or none. They are durable when this returns.
    pub(crate) async fn append(&self, asked: &Asked, pending: Pending<'_>) -> Result<Appended, Unwritten> {
        let records = self.records(asked, &pending).await?;
        // The stream's own version is what the append itself is held to.
        let guards = pending.guards.iter().filter(|guard| guard.stream != *pending.stream).cloned().collect();
        match self.log.append_guarded(pending.stream, pending.after, guards, records).await {
            Ok(appended) => {
                for (fact, position) in pending.facts.iter().zip(&appended.positions) {
                    security::happened(fact, &asked.context, pending.stream, *position);
                }
                Ok(appended)
            }
            Err(AppendError::Moved { .. }) => Err(Unwritten::Moved),
            // An id that stands elsewhere is of another try of this very command, which was faster.
            Err(AppendError::Stale { .. } | AppendError::IdReused { .. }) => Err(Unwritten::Stale),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    async fn records(&self, asked: &Asked, pending: &Pending<'_>) -> Result<Vec<Record>, Unwritten> {
        let personal = pending.facts.iter().any(Fact::is_personal);
        let sealer = match pending.person.filter(|_| personal) {
            Some(person) => Some(self.sealer(pending, person, asked.ids.at().month()).await?),
            None => None,
        };
        let mut version = pending.after;
        let mut records = Vec::with_capacity(pending.facts.len());
        for (n, fact) in pending.facts.iter().enumerate() {
            version = version.next();
            let draft = Draft {
                id: asked.ids.event(n),
                log: self.log.id(),
                time: asked.ids.at(),
                stream: pending.stream.clone(),
                version,
                context: asked.context.clone(),
                salt: asked.ids.salt(n),
                person: sealer.as_ref().and(pending.person),
                fact: fact.clone(),
            };
            let seal = |context: &SealContext<'_>, plaintext: &[u8]| {
                // Without a sealer the draft has no person, and is refused before it gets here.
                sealer.as_ref().map(|sealer| sealer.seal(context, plaintext)).unwrap_or_default()
            };
            records.push(draft.write(seal)?);
        }
        Ok(records)
    }

    async fn sealer(
        &self,
        pending: &Pending<'_>,
        person: UserId,
        month: Month,
    ) -> Result<Arc<Sealer>, Unwritten> {
        if let Some(keys) = pending.keys.as_ref().filter(|keys| keys.is_of(person, month)) {
            return Ok(keys.clone());
        }
        self.keys_of(person, month).await?.ok_or(Unwritten::Stale)
    }
}
