//! Mails that anybody may ask for who knows an address, and what their links are good for.
//!
//! Whoever asks is answered before anything is looked up, so that no answer, and no time that one takes, tells whether an
//! address has an account. How many are sent is counted by address, in silence.

use crate::{
    App,
    command::Asked,
    decide::{Aggregate, Decided},
    domain::{Person, Proof, Refusal, User, change_email, verify_email},
    failure::Failure,
    history::{Read, read_last},
    ids::Ids,
    input::directory_key,
};
use events::{
    AddressTaken, Fact, MailTopic, PasswordResetRequested, Personal, StreamName, UserId,
    VerificationRequested, Version,
};
use service::{
    mail_token::{MailPurpose, MailToken},
    problem::Code,
};
use std::time::Duration;
use store::{
    log::Stored,
    vault::{AddressHash, Scope},
};

/// How many mails of one topic go to one address in an hour, whoever asks for them.
const MAILS: u32 = 3;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was last asked for about one account, of one topic.
#[derive(Debug)]
pub(crate) struct MailRequests;

impl Aggregate for MailRequests {
    type Key = (MailTopic, UserId);
    const HAS_ETAG: bool = false;

    fn stream((topic, id): &Self::Key) -> StreamName {
        StreamName::mail(*topic, *id)
    }

    fn person((_, id): &Self::Key, _: &[Fact]) -> Option<UserId> {
        Some(*id)
    }

    async fn read(app: &App, key: &Self::Key, ids: &Ids) -> Result<Read<Self>, Failure> {
        let last = app.last(&Self::stream(key)).await?;
        Ok(read_last(last.as_ref(), Self, Some(ids)))
    }
}

impl App {
    /// Does something for a stranger after they were answered. Only so much at a time, whoever asks for what.
    pub(crate) fn after_the_answer(
        &self,
        work: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) -> Result<(), Failure> {
        let permit = self.errands.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Failure::new(Code::Overloaded))?;
        self.afterwards.spawn(async move {
            if let Err(failure) = work.await {
                tracing::error!(error = %failure, "what somebody asked for was left undone");
            }
            drop(permit);
        });
        Ok(())
    }

    /// Notes that somebody asked for a mail to choose another password, if the address is anybody's.
    pub(crate) async fn ask_for_reset(&self, asked: &Asked, address: &str) -> Result<(), Failure> {
        let Some((id, person)) = self.holder(address).await? else { return Ok(()) };
        let fact = Fact::PasswordResetRequested(PasswordResetRequested {
            password_version: person.password_version,
            network: Personal::Open(asked.network.clone()),
        });
        self.note_request(asked, MailTopic::Reset, id, address, fact).await
    }

    /// Notes that somebody asked for another mail to verify the address, if it is anybody's and is not verified.
    pub(crate) async fn ask_for_verification(&self, asked: &Asked, address: &str) -> Result<(), Failure> {
        let Some((id, person)) = self.holder(address).await? else { return Ok(()) };
        if person.email_verified {
            return Ok(());
        }
        let fact = Fact::VerificationRequested(VerificationRequested {
            address_version: person.address_version,
            network: Personal::Open(asked.network.clone()),
        });
        self.note_request(asked, MailTopic::Verification, id, address, fact).await
    }

    /// Notes that somebody tried to register with an address that is somebody's.
    pub(crate) async fn tell_of_account(&self, asked: &Asked, address: &str) -> Result<(), Failure> {
        let Some((id, _)) = self.holder(address).await? else { return Ok(()) };
        let fact = Fact::AddressTaken(AddressTaken { network: Personal::Open(asked.network.clone()) });
        self.note_request(asked, MailTopic::Notice, id, address, fact).await
    }

    async fn note_request(
        &self,
        asked: &Asked,
        topic: MailTopic,
        id: UserId,
        address: &str,
        fact: Fact,
    ) -> Result<(), Failure> {
        let counted_as = match topic {
            MailTopic::Reset => "reset",
            MailTopic::Verification => "verification",
            MailTopic::Notice => "notice",
        };
        if self.may_mail(counted_as, address).await? {
            let note = |_: &MailRequests| Ok::<_, Failure>(vec![fact.clone()]);
            self.decide(&asked.then("mail"), (topic, id), note).await?;
        }
        Ok(())
    }

    /// Whether one more mail may go to an address now; then it is counted.
    pub(crate) async fn may_mail(&self, topic: &str, address: &str) -> Result<bool, Failure> {
        if !self.config.rate_limits {
            return Ok(true);
        }
        let now = self.clock.now();
        let hash = AddressHash(self.vault.keyed_hash("mails", &[topic.as_bytes(), address.as_bytes()]));
        let counted = self.vault.update_attempts(hash, &[0; 32], |_, mails| {
            if now.since(mails.window_started) >= HOUR {
                (mails.window_started, mails.recorded_in_window) = (now, 0);
            }
            let may = mails.recorded_in_window < MAILS;
            mails.recorded_in_window += u32::from(may);
            may
        });
        Ok(counted.await?)
    }

    /// Whoever may sign in and has this address, given by its key.
    async fn holder(&self, address: &str) -> Result<Option<(UserId, Person)>, Failure> {
        let claim = self.vault.find_address(address).await?;
        let Some(claim) = claim else { return Ok(None) };
        let user = self.user(claim.user, Some(Scope::Profiles), None).await?.state;
        Ok(match user {
            User::Active(person) if person.has_address(address) => Some((claim.user, person)),
            User::Active(_) | User::Unknown | User::Suspended(_) | User::Deleted(_) | User::Erased => None,
        })
    }

    /// What the link in a mail says, if it is one of ours and has not run out.
    pub(crate) fn mail_token(&self, text: &str) -> Result<MailToken, Failure> {
        self.mail_tokens.read(text, self.clock.now()).ok_or(Failure::new(Code::InvalidMailToken))
    }

    /// Why whoever has this link may choose a password.
    pub(crate) async fn proof(&self, token: &MailToken) -> Result<Proof, Failure> {
        match token.purpose {
            MailPurpose::Invitation => Ok(Proof::Invitation(token.serial)),
            MailPurpose::PasswordReset => match self.last_request(MailTopic::Reset, token.user).await? {
                Some((stored, Fact::PasswordResetRequested(fact)))
                    if stored.record.version == token.serial =>
                {
                    Ok(Proof::Reset { password_version: fact.password_version, asked: stored.position })
                }
                Some(_) | None => Err(Refusal::MailTokenSpent.into()),
            },
            MailPurpose::Verification | MailPurpose::EmailChange => Err(Refusal::MailTokenSpent.into()),
        }
    }

    /// Verifies the address that a link was mailed to: the one that the account has, or the one that it is to have.
    pub(crate) async fn verify_address(
        &self,
        asked: &Asked,
        token: &MailToken,
    ) -> Result<Decided<User>, Failure> {
        match token.purpose {
            MailPurpose::Verification => {
                let last = self.last_request(MailTopic::Verification, token.user).await?;
                let address_version = match last {
                    None if token.serial == Version::NONE => Version::NONE.next(),
                    Some((stored, Fact::VerificationRequested(fact)))
                        if stored.record.version == token.serial =>
                    {
                        fact.address_version
                    }
                    Some(_) | None => return Err(Refusal::MailTokenSpent.into()),
                };
                self.decide(asked, token.user, |user| verify_email(user, address_version)).await
            }
            MailPurpose::EmailChange => self.change_address(asked, token).await,
            MailPurpose::PasswordReset | MailPurpose::Invitation => Err(Refusal::MailTokenSpent.into()),
        }
    }

    async fn last_request(&self, topic: MailTopic, id: UserId) -> Result<Option<(Stored, Fact)>, Failure> {
        self.last(&StreamName::mail(topic, id)).await
    }

    /// Claims the new address, changes it, and lets go of the old one. Nobody holds an address by asking for it alone; a
    /// claim that a crash leaves behind holds for a minute, since the log says what address its person has.
    async fn change_address(&self, asked: &Asked, token: &MailToken) -> Result<Decided<User>, Failure> {
        let id = token.user;
        let rule = |user: &User| change_email(user, token.serial);
        let before = self.user(id, Some(Scope::Profiles), Some(&asked.ids)).await?;
        let person = before.state.person().filter(|_| !before.done);
        let wished = person.and_then(|person| person.email_change.as_ref()?.email.as_deref());
        let held = person.and_then(|person| Some(person.profile.as_ref()?.email.as_str()));
        let (Some(wished), Some(held)) = (wished, held) else {
            return self.decide_from(before, asked, id, rule).await;
        };
        rule(&before.state)?;
        let [wished, held] = [wished, held].map(directory_key);
        self.claim(&wished, id).await?;
        let changed = self.decide_from(before, asked, id, rule).await;
        match &changed {
            Ok(_) => {
                self.vault.confirm_address(&wished, id).await?;
                if wished != held {
                    self.vault.release_address(&held, id).await?;
                }
            }
            Err(failure) if failure.is_refusal() && wished != held => {
                self.vault.release_address(&wished, id).await?;
            }
            // Whether it was changed is not known: the log will say whose address it is.
            Err(_) => {}
        }
        changed
    }
}

impl Person {
    /// Whether this is the person's address, given by its key.
    pub(crate) fn has_address(&self, address: &str) -> bool {
        self.profile.as_ref().is_some_and(|profile| directory_key(&profile.email) == address)
    }
}
