//! From facts to records: numbered, sealed, appended.

use crate::{App, command::Asked, failure::Failure};
use events::{Draft, Fact, Record, SealContext, StreamName, UserId, Version};
use store::{
    log::{AppendError, Appended},
    vault::VaultError,
};

/// Facts, and where they are to stand.
pub(crate) struct Pending<'a> {
    pub(crate) stream: &'a StreamName,
    /// The stream's version that they were decided at.
    pub(crate) after: Version,
    /// Whose keys seal what is personal in them.
    pub(crate) person: Option<UserId>,
    pub(crate) facts: &'a [Fact],
}

/// Why facts were not appended.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// Somebody was faster, or destroyed the keys: what was decided holds no longer.
    Stale,
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
        match self.log.append(pending.stream, pending.after, records).await {
            Ok(appended) => Ok(appended),
            // An id that stands elsewhere is of another try of this very command, which was faster.
            Err(AppendError::Stale { .. } | AppendError::IdReused { .. }) => Err(Unwritten::Stale),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    async fn records(&self, asked: &Asked, pending: &Pending<'_>) -> Result<Vec<Record>, Unwritten> {
        let personal = pending.facts.iter().any(is_personal);
        let sealer = match pending.person.filter(|_| personal) {
            Some(person) => match self.vault.sealer(person, asked.ids.at().month()).await {
                Ok(sealer) => Some(sealer),
                Err(VaultError::PersonErased(_)) => return Err(Unwritten::Stale),
                Err(error) => return Err(error.into()),
            },
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
}

/// Whether a fact holds values that its person's keys must seal.
fn is_personal(fact: &Fact) -> bool {
    match fact {
        Fact::UserRegistered(_)
        | Fact::ProfileChanged(_)
        | Fact::PasswordChanged(_)
        | Fact::PasswordRehashed(_)
        | Fact::UserSuspended(_)
        | Fact::SignInFailed(_)
        | Fact::LockedOut(_)
        | Fact::SessionStarted(_)
        | Fact::SessionRefreshed(_)
        | Fact::SessionReplayDetected(_) => true,
        Fact::RoleGranted(_)
        | Fact::RoleRevoked(_)
        | Fact::UserReinstated
        | Fact::SessionsRevoked(_)
        | Fact::UserDeleted
        | Fact::UserErased
        | Fact::LockoutLifted
        | Fact::SessionRevoked(_)
        | Fact::RoleDefined(_)
        | Fact::RoleRemoved(_)
        | Fact::AuditExported(_) => false,
    }
}
