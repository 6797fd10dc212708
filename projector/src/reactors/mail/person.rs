//! Whom a mail is for: read from the log when it is sent, so that whoever was erased meanwhile gets none.

use super::Mailer;
use crate::{ProjectorError, open::open, reactors::Unable};
use events::{Category, Fact, StreamName, UserId, Version};
use read_models::{UserRow, UserStatus};
use store::log::Stored;

/// Somebody whose keys live and whose account is not closed.
pub(super) struct Person {
    pub(super) id: UserId,
    /// The address that they have now.
    pub(super) email: String,
    /// The address that they had before what asks for the mail; none when that is where they came to be.
    pub(super) email_before: Option<String>,
    /// What asks for the mail, opened.
    pub(super) because_of: Fact,
}

impl Person {
    /// Whom the record is about; none when there is nobody to write to any more.
    pub(super) async fn at(mailer: &Mailer, stored: &Stored) -> Result<Option<Self>, Unable> {
        let opened = open(&mailer.vault, vec![stored.clone()]).await?.pop();
        let fact = opened.map(|projected| projected.fact);
        let Some(Ok(because_of)) = fact else { return Err(Unable::Ever("its event cannot be read".into())) };
        let Some(id) = about(stored, &because_of) else {
            return Err(Unable::Ever("its event is about nobody".into()));
        };
        let stream = mailer.log.read_stream(&StreamName::user(id), Version::NONE).await;
        let stream = open(&mailer.vault, stream.map_err(ProjectorError::from)?).await?;
        let Some(row) = UserRow::fold(id, &stream).filter(is_reached) else { return Ok(None) };
        let before = stream.iter().filter(|projected| projected.position < stored.position);
        let email_before = UserRow::fold(id, before).and_then(|row| row.email);
        Ok(row.email.map(|email| Self { id, email, email_before, because_of }))
    }
}

fn is_reached(row: &UserRow) -> bool {
    match row.status {
        UserStatus::Active | UserStatus::Suspended => true,
        UserStatus::Deleted | UserStatus::Erased => false,
    }
}

fn about(stored: &Stored, fact: &Fact) -> Option<UserId> {
    match stored.record.stream.category() {
        Category::User(id) | Category::SignIn(id) | Category::Factor(id) | Category::Mail(id) => Some(id),
        Category::Session(_) => fact.session_owner(),
        Category::Role(_)
        | Category::Service(_)
        | Category::KeyUse(_)
        | Category::Export
        | Category::Retention
        | Category::Unknown => None,
    }
}
