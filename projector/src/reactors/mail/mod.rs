//! The reactor that sends mails.
//!
//! Which mail an event asks for is said by the event alone (`kind`); to whom it goes and what stands in it is read when
//! it is sent (`letter`, from the log and the vault), so that nothing personal waits in a table; how it leaves is `post`.
//! No address, link or token is logged.

mod device;
mod files;
mod kind;
mod letter;
mod person;
mod post;
mod words;

pub use post::MailError;

use super::Unable;
use events::{Category, EventId, Fact, Record};
use kind::Kind;
use letter::Letter;
use person::Person;
use post::Post;
use read_models::{Errand, ReadModels};
use service::{clock::Clock, config::Config};
use std::collections::HashSet;
use store::{
    log::{Log, Stored},
    vault::Vault,
};

/// What this reactor's errands and place are kept under.
pub(super) const NAME: &str = "mail";

/// What is done when somebody was erased.
const FORGET: &str = "forget";

/// The mails that a record asks for, and what else there is to do because of it.
pub(super) fn tasks(record: &Record) -> Vec<&'static str> {
    // What it tells is enough; nothing personal is opened here. What a later version wrote, that one's reactor sends for.
    let Ok(fact) = record.fact(|_, _| None) else { return Vec::new() };
    let mails = Kind::asked_for_by(&fact).iter().map(|kind| kind.name());
    mails.chain(matches!(fact, Fact::UserErased).then_some(FORGET)).collect()
}

/// Writes mails and sends them.
#[derive(Debug)]
pub struct Mailer {
    log: Log,
    vault: Vault,
    models: ReadModels,
    clock: Clock,
    post: Post,
    links: String,
}

impl Mailer {
    /// By SMTP, or into files, as the configuration says.
    ///
    /// # Errors
    /// When the configuration cannot be made use of.
    pub fn new(
        (log, vault, models): (Log, Vault, ReadModels),
        clock: Clock,
        config: &Config,
    ) -> Result<Self, MailError> {
        let (post, links) = (Post::new(config)?, config.frontend_url.clone());
        Ok(Self { log, vault, models, clock, post, links })
    }

    /// Without those that would tell of a sign-in from where its person is known to sign in from, as nearly all of them
    /// would.
    pub(super) async fn needed(&self, batch: &[Stored], errands: Vec<Errand>) -> Vec<Errand> {
        let tells = |errand: &&Errand| errand.task == Kind::NewDevice.name();
        let telling: HashSet<EventId> = errands.iter().filter(tells).map(|errand| errand.event).collect();
        let sign_ins = batch.iter().filter(|stored| telling.contains(&stored.record.id)).cloned().collect();
        let known = device::known(self, sign_ins).await;
        errands.into_iter().filter(|errand| !(tells(&errand) && known.contains(&errand.event))).collect()
    }

    /// Sends one mail. Doing it again sends the same mail again: its Message-ID is the event's and the kind's.
    pub(super) async fn run(&self, errand: &Errand, because_of: &Stored) -> Result<(), Unable> {
        if errand.task == FORGET {
            return self.forget(because_of).await;
        }
        let kind = Kind::named(&errand.task).ok_or(Unable::Ever("no mail is called this".to_owned()))?;
        let Some(person) = Person::at(self, because_of).await? else { return Ok(()) };
        let Some(letter) = Letter::write(self, kind, &person, because_of).await? else { return Ok(()) };
        let sent = self.post.send(kind, person.id, because_of, &letter).await?;
        match sent {
            Some(file) => {
                // Whoever was erased while it was written may have been forgotten before it was there.
                if Person::at(self, because_of).await?.is_none() {
                    return self.post.forget(person.id).await;
                }
                tracing::info!(event.id = %errand.event, mail = kind.name(), file = %file.display(), "a mail lies in a file");
            }
            None => tracing::info!(event.id = %errand.event, mail = kind.name(), "a mail was sent"),
        }
        Ok(())
    }

    async fn forget(&self, because_of: &Stored) -> Result<(), Unable> {
        let Category::User(person) = because_of.record.stream.category() else {
            return Err(Unable::Ever("its event is about nobody".to_owned()));
        };
        self.post.forget(person).await
    }

    /// Removes mails in files that have lain there for too long, or are too many.
    pub(super) async fn tidy(&self) {
        if let Err(error) = self.post.tidy(self.clock.now()).await {
            tracing::warn!(%error, "mails that lie in files stay longer than they should");
        }
    }
}
