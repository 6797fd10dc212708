//! One guess at a password: admitted by the throttle before it is checked, told to it afterwards.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    device::Device,
    domain::{Admission, Slot, Tally, admit, admit_known, failed, lift_lockout, succeeded, unchecked},
    failure::Failure,
    history::SignIns,
    input::directory_key,
};
use events::{FailureCause, Timestamp, UserId};
use service::{
    problem::{Code, Problem},
    rate_limit::Limit,
    shared::Subscriber,
};
use std::time::Duration;
use store::vault::{AddressHash, Attempts, Scope};

type Admit = fn(&mut Tally, &mut Tally, Timestamp) -> Admission;

/// The right to check one password for one address. It counts as failed until it is said to be right.
pub(crate) struct Guess {
    hash: AddressHash,
    source: [u8; 32],
    /// `None` while there are no limits (`EVIDENT_RATE_LIMITS=off`).
    slot: Option<Slot>,
}

impl Guess {
    /// The address that it is a guess at.
    pub(crate) const fn address(&self) -> &AddressHash {
        &self.hash
    }
}

impl App {
    /// Admits a guess at an address, whether or not anybody has it. A device that is known there is a source of its own.
    pub(crate) async fn admit(
        &self,
        asked: &Asked,
        hash: AddressHash,
        device: Option<Device>,
    ) -> Result<Guess, Failure> {
        let (source, admit): (_, Admit) = match device {
            Some(Device(id)) => (self.vault.keyed_hash("sign-in device", &[&id]), admit_known),
            None => {
                let subscriber = Subscriber::of(asked.source);
                (self.vault.keyed_hash("sign-in source", &[subscriber.bytes()]), admit)
            }
        };
        if !self.config.rate_limits {
            return Ok(Guess { hash, source, slot: None });
        }
        let now = self.clock.now();
        match self.tallied(hash, &source, |by_source, account| admit(by_source, account, now)).await? {
            Admission::Admitted(slot) => Ok(Guess { hash, source, slot: Some(slot) }),
            Admission::Locked { until } => Err(locked(until, now)),
        }
    }

    /// The password was right.
    pub(crate) async fn right(&self, guess: &Guess) -> Result<(), Failure> {
        let Some(slot) = &guess.slot else { return Ok(()) };
        let told = |by_source: &mut Tally, account: &mut Tally| succeeded(slot, by_source, account);
        self.tallied(guess.hash, &guess.source, told).await
    }

    /// The password was not checked after all: being busy locks nobody out.
    pub(crate) async fn unchecked(&self, guess: &Guess) -> Result<(), Failure> {
        let Some(slot) = &guess.slot else { return Ok(()) };
        let told = |by_source: &mut Tally, account: &mut Tally| unchecked(slot, by_source, account);
        self.tallied(guess.hash, &guess.source, told).await
    }

    /// The password was wrong. What there is to write down is written after the answer, so that an account takes no
    /// longer to fail than nobody's.
    pub(crate) fn wrong(&self, asked: &Asked, id: UserId, guess: Guess, cause: Option<FailureCause>) {
        let (Some(slot), Some(cause)) = (guess.slot, cause) else { return };
        let facts = failed(slot, cause, &asked.network);
        if facts.is_empty() {
            return;
        }
        let (app, asked) = (self.clone(), asked.then("sign-in failed"));
        self.afterwards.spawn(async move {
            let noted = app.decide::<SignIns, Failure>(&asked, id, |_| Ok(facts.clone())).await;
            if let Err(failure) = noted {
                tracing::error!(user.id = %id, error = %failure, "a failed sign-in was not written down");
            }
        });
    }

    /// Lets people guess again at somebody's password, from everywhere.
    pub(crate) async fn lift_lockout(&self, asked: &Asked, id: UserId) -> Result<Decided<SignIns>, Failure> {
        let user = self.user(id, Some(Scope::Profiles), None).await?.state;
        let lift = |last: &SignIns| lift_lockout(&user, last.0.as_ref());
        let decided = self.decide(asked, id, lift).await?;
        if let Some(profile) = user.person().and_then(|person| person.profile.as_ref()) {
            self.vault.forget_attempts(self.vault.address_hash(&directory_key(&profile.email))).await?;
        }
        Ok(decided)
    }

    async fn tallied<R>(
        &self,
        hash: AddressHash,
        source: &[u8; 32],
        mut tell: impl FnMut(&mut Tally, &mut Tally) -> R + Send,
    ) -> Result<R, Failure> {
        let told = self.vault.update_attempts(hash, source, |by_source, account| {
            let (mut for_source, mut for_account) = (tally(by_source), tally(account));
            let told = tell(&mut for_source, &mut for_account);
            (*by_source, *account) = (attempts(&for_source), attempts(&for_account));
            told
        });
        Ok(told.await?)
    }
}

/// 429, the same for every address.
fn locked(until: Timestamp, now: Timestamp) -> Failure {
    Problem::limited(Code::TooManyAttempts, SIGN_INS, until.since(now)).into()
}

/// What one source may try at one address (`domain::throttle`).
const SIGN_INS: Limit = Limit { name: "sign-in", quota: 5, window: Duration::from_secs(60) };

fn tally(attempts: &Attempts) -> Tally {
    let Attempts { failures, locked_until, window_started, recorded_in_window } = *attempts;
    Tally { failures, locked_until, window_started, recorded_in_window }
}

fn attempts(tally: &Tally) -> Attempts {
    let Tally { failures, locked_until, window_started, recorded_in_window } = *tally;
    Attempts { failures, locked_until, window_started, recorded_in_window }
}
