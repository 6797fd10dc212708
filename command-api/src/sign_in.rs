//! Signing in: throttle, hash, start a session, look again.
//!
//! Whether an address is known, its password wrong, its account suspended, deleted or erased: the answer is one, and
//! so is the work before it.

use crate::{
    App,
    append::{Pending, Unwritten},
    command::Asked,
    device::Device,
    domain::{self, Denied, Happened, LiveSession, Session, User},
    failure::Failure,
    guess::Guess,
    hashing::Verdict,
    history::Read,
    input::{Address, FactorCode, Password},
    tokens::Tokens,
};
use events::{EndCause, Fact, Position, SessionRevoked, SessionStarted, StreamName, UserId, Version};
use service::{config::Registration, problem::Code};
use std::time::Duration;
use store::vault::Scope;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

/// How long looking somebody up takes as far as whoever is refused can tell. Whoever is known has a history to be read and
/// opened, longer for some than for others, and nobody has none; both are far below this, and the hash comes on top of it.
const LOOKING_UP: Duration = Duration::from_millis(10);

/// Somebody who has just signed in.
pub(crate) struct SignedIn {
    pub(crate) tokens: Tokens,
    /// Of the session's start.
    pub(crate) position: Position,
}

impl App {
    /// Signs somebody in. `device` is what they say that their device is known by; from now on it is.
    pub(crate) async fn sign_in(
        &self,
        asked: &Asked,
        address: &Address,
        password: Password,
        code: Option<&FactorCode>,
        device: Option<&str>,
    ) -> Result<SignedIn, Failure> {
        let key = address.key();
        let device = match device {
            Some(text) => self.known_device(text, &key).await?,
            None => None,
        };
        let SignedIn { tokens, position } = self.sign_in_from(asked, address, password, code, device).await?;
        Ok(SignedIn { tokens: tokens.on_device(self.device_token(asked, device, &key).await?), position })
    }

    async fn sign_in_from(
        &self,
        asked: &Asked,
        address: &Address,
        password: Password,
        code: Option<&FactorCode>,
        device: Option<Device>,
    ) -> Result<SignedIn, Failure> {
        if let Some(before) = self.signed_in_before(asked).await? {
            return Ok(before);
        }
        let key = address.key();
        let guess = self.admit(asked, self.vault.address_hash(&key), device).await?;
        let began = Instant::now();
        let found = self.look_up(asked, &key).await;
        if found.is_err() {
            self.unchecked(&guess).await?;
        }
        let (user_id, user) = found?;
        let looked_up = began.elapsed();
        let password = password.into_secret();
        let verdict = self.verify(&guess, password.clone(), &user.state).await?;
        let expires_at = asked.ids.at().after(self.config.session_ttl);
        // The directory may still, or already, name somebody whose address this is not, while it changes.
        let theirs = user.state.person().is_some_and(|person| person.has_address(&key));
        let (matches, verified_only) =
            (verdict.matches && theirs, self.config.registration == Registration::Verified);
        let network = asked.network.clone();
        match domain::sign_in(&user.state, user_id, matches, verified_only, expires_at, network) {
            Ok(started) => {
                let Some(person) = user.state.person() else { return Err(refused()) };
                let (guess, second_factor) = self.ask_for_code(asked, guess, user_id, person, code).await?;
                self.right(&guess).await?;
                let started = Fact::SessionStarted(SessionStarted { second_factor, ..started });
                let signed_in = self.start_session(asked, user_id, &user, started).await?;
                if verdict.outdated {
                    self.rehash_afterwards(asked, user_id, person.credential_version, password);
                }
                Ok(signed_in)
            }
            Err(Denied { cause }) => {
                sleep(LOOKING_UP.saturating_sub(looked_up)).await;
                self.wrong(asked, user_id, guess, cause);
                Err(refused())
            }
        }
    }

    /// Whoever has an address. Who is not there is looked up all the same, under an id that nobody has, so that it takes as
    /// long.
    async fn look_up(&self, asked: &Asked, address: &str) -> Result<(UserId, Read<User>), Failure> {
        let claim = self.vault.find_address(address).await?;
        let user_id = claim.map_or(asked.ids.user(), |claim| claim.user);
        Ok((user_id, self.user(user_id, Some(Scope::All), None).await?))
    }

    /// Checks a password against somebody's, or against nobody's in the same time.
    pub(crate) async fn verify(
        &self,
        guess: &Guess,
        password: Zeroizing<String>,
        user: &User,
    ) -> Result<Verdict, Failure> {
        let hash = user.person().and_then(|person| person.password_hash.as_ref());
        let decoy = if hash.is_none() { self.decoy(guess) } else { None };
        let verdict = self.hasher.verify(password, hash.or(decoy.as_ref())).await;
        if verdict.is_err() {
            self.unchecked(guess).await?;
        }
        let Verdict { matches, outdated } = verdict?;
        Ok(Verdict { matches: matches && hash.is_some(), outdated })
    }

    /// What this very command led to when it was tried before, as long as nothing has become of it: once the session was
    /// refreshed or ended, or the person's sessions were, a repetition would hand out what holds no longer.
    async fn signed_in_before(&self, asked: &Asked) -> Result<Option<SignedIn>, Failure> {
        if !asked.ids.are_known() {
            return Ok(None);
        }
        let Some((session, position)) = self.session_start(asked.ids.session()).await? else {
            return Ok(None);
        };
        let unused = self.session(asked.ids.session(), None).await?.version == Version::NONE.next();
        let user = self.user(session.user_id, Some(Scope::Profiles), None).await?;
        let ended = user.state.person().and_then(|person| person.sessions_ended);
        let stands = user.state.session_stands(asked.ids.session(), position)
            && ended.is_none_or(|ended| ended.position < position);
        match unused && stands {
            true => Ok(Some(self.signed_in(asked, &session, &user.state, position)?)),
            false => Err(refused()),
        }
    }

    /// Starts the session, then looks at its person again: whoever suspended, deleted or signed them out while the
    /// password was being checked meant this sign-in too. From here on the log's order decides.
    async fn start_session(
        &self,
        asked: &Asked,
        user_id: UserId,
        decided: &Read<User>,
        started: Fact,
    ) -> Result<SignedIn, Failure> {
        let id = asked.ids.session();
        let stream = StreamName::session(id);
        self.list_session(asked, user_id, id).await?;
        let facts = std::slice::from_ref(&started);
        let pending = Pending {
            stream: &stream,
            after: Version::NONE,
            person: Some(user_id),
            keys: decided.keys.clone(),
            facts,
            guards: &[],
        };
        let appended = match self.append(asked, pending).await {
            Ok(appended) => appended,
            // The keys are gone, or this command's session went on already: there is nothing to sign in to.
            Err(Unwritten::Stale | Unwritten::Moved) => return Err(refused()),
            Err(Unwritten::Failed(failure)) => return Err(failure),
        };
        let position = appended.last();
        let user = self.user_since(user_id, Scope::Profiles, decided).await?;
        if !user.still_admits(decided.version) {
            let ended = [Fact::SessionRevoked(SessionRevoked { user_id, cause: EndCause::Superseded })];
            let pending = Pending {
                stream: &stream,
                after: appended.version,
                person: None,
                keys: None,
                facts: &ended,
                guards: &[],
            };
            return match self.append(&asked.then("superseded"), pending).await {
                Ok(_) | Err(Unwritten::Stale | Unwritten::Moved) => Err(refused()),
                Err(Unwritten::Failed(failure)) => Err(failure),
            };
        }
        self.end_what_is_too_many(asked, user_id, &user).await?;
        let happened = Happened { position, version: appended.version, at: asked.ids.at(), fact: &started };
        match Session::read(id, Some(happened))? {
            Session::Live(session) => self.signed_in(asked, &session, &user, position),
            Session::Ended { .. } | Session::Unknown => Err(refused()),
        }
    }

    fn signed_in(
        &self,
        asked: &Asked,
        session: &LiveSession,
        user: &User,
        position: Position,
    ) -> Result<SignedIn, Failure> {
        let tokens = self.tokens(session, asked.ids.event(0), user)?;
        Ok(SignedIn { tokens: tokens.signed_in_at(session.started_at), position })
    }

    /// Keeps the same password at today's cost. After the answer: nobody waits for it.
    fn rehash_afterwards(&self, asked: &Asked, id: UserId, verified: Version, password: Zeroizing<String>) {
        let (app, asked) = (self.clone(), asked.then("rehash"));
        self.afterwards.spawn(async move {
            let Ok(hash) = app.hasher.hash(password, app.entropy.bytes()).await else { return };
            let rehash = |user: &User| Ok(domain::rehash(user, verified, hash.clone()));
            if let Err(failure) = app.decide::<User, Failure>(&asked, id, rehash).await {
                // The next sign-in tries again.
                tracing::error!(user.id = %id, error = %failure, "a password kept its outdated hash");
            }
        });
    }
}

fn refused() -> Failure {
    Failure::new(Code::InvalidCredentials)
}
