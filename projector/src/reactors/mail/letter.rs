//! What stands in a mail. A name that somebody gave themselves never does: whoever registers with another's address must
//! not be able to write to them in our name.

use super::{
    Kind, Mailer, Person, device,
    words::{self, Leads},
};
use crate::{ProjectorError, reactors::Unable};
use askama::Template;
use events::{Fact, Timestamp, Version};
use service::mail_token::{MailPurpose, MailToken, MailTokens};
use store::log::Stored;

/// A mail before it is put into an envelope.
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) subject: &'static str,
    paragraphs: Vec<String>,
    link: Option<Link>,
}

/// Where the reader is to go, and what stands on it.
struct Link {
    label: &'static str,
    url: String,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a>(&'a Letter);

impl Letter {
    /// Writes the mail; none when there is no need for it after all.
    pub(super) async fn write(
        mailer: &Mailer,
        kind: Kind,
        person: &Person,
        because_of: &Stored,
    ) -> Result<Option<Self>, Unable> {
        let at = because_of.record.time;
        let from = match (kind, &person.because_of) {
            (Kind::NewDevice, Fact::SessionStarted(started)) => {
                match device::new_device(mailer, started, because_of.position).await? {
                    None => return Ok(None),
                    new => new,
                }
            }
            (_kind, _fact) => None,
        };
        let words = words::of(kind, at, from.as_ref());
        let Some(to) = recipient(kind, person) else { return Ok(None) };
        let link = match words.link {
            Leads::To(path) => format!("{}{path}", mailer.links),
            Leads::With(path, purpose) => {
                let token = token(mailer, purpose, person, because_of).await?;
                format!("{}{path}#token={token}", mailer.links)
            }
        };
        let link = Link { label: words.label, url: link };
        Ok(Some(Self { to, subject: words.subject, paragraphs: words.paragraphs, link: Some(link) }))
    }

    /// For those who read text.
    pub(super) fn text(&self) -> Result<String, Unable> {
        Text(self).render().map_err(unwritten)
    }

    /// For those who read HTML. All that stands in it is escaped.
    pub(super) fn html(&self) -> Result<String, Unable> {
        Html(self).render().map_err(unwritten)
    }
}

fn unwritten(error: askama::Error) -> Unable {
    Unable::Ever(error.to_string())
}

/// Who a mail goes to: nobody, when there is no such address any more.
fn recipient(kind: Kind, person: &Person) -> Option<String> {
    match (kind, &person.because_of) {
        (Kind::EmailChange, Fact::EmailChangeRequested(fact)) => {
            fact.address.open().map(|address| address.email.clone())
        }
        // Whoever has the account now was told by the link; whoever had it is told that they no longer have.
        (Kind::EmailChanged | Kind::EmailChangeNotice, _) => person.email_before.clone(),
        (
            Kind::Verification
            | Kind::PasswordReset
            | Kind::Invitation
            | Kind::EmailChange
            | Kind::AccountExists
            | Kind::PasswordChanged
            | Kind::NewDevice,
            _,
        ) => Some(person.email.clone()),
    }
}

/// The token that the event asks for: the same, however often the mail is written.
async fn token(
    mailer: &Mailer,
    purpose: MailPurpose,
    person: &Person,
    because_of: &Stored,
) -> Result<String, Unable> {
    let expires_at =
        Timestamp::from_micros(because_of.record.time.seconds() * 1_000_000).after(purpose.ttl());
    if mailer.clock.now() >= expires_at {
        return Err(Unable::Ever("its link has run out".to_owned()));
    }
    // No record asked for the link of a registration: it is the one from before anybody asked.
    let registered = matches!(person.because_of, Fact::UserRegistered(_));
    let serial = if registered { Version::NONE } else { because_of.record.version };
    let key = mailer.vault.mail_key().await.map_err(ProjectorError::from)?;
    Ok(MailTokens::new(&key).issue(&MailToken { purpose, user: person.id, expires_at, serial }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_escaped_where_it_could_be_markup() {
        let letter = Letter {
            to: "ada@x.io".to_owned(),
            subject: "Hello",
            paragraphs: vec!["<img src=x onerror=alert(1)>".to_owned()],
            link: Some(Link { label: "Go", url: "https://x.io/?a=1&b=\"".to_owned() }),
        };
        let html = letter.html().expect("a page");
        assert!(!html.contains("<img") && html.contains("&#60;img"), "{html}");
        assert!(!html.contains("b=\"\""), "{html}");
        assert!(letter.text().expect("a text").contains("<img src=x"));
    }
}
