//! Tells made-up stories into a log: many people, all kinds of facts, each where it may happen. The same seed tells
//! the same story.

use crate::world::{World, eventually};
use events::{
    Actor, BuiltInRole, Credential, Draft, EndCause, EventId, Fact, FailureCause, Network, PasswordChanged,
    Permission, Personal, Position, Profile, ProfileChanged, Reason, Record, RequestContext, RevocationCause,
    RoleDefined, RoleGranted, RoleName, RoleRemoved, RoleRevoked, Salt, SessionId, SessionRefreshed,
    SessionReplayDetected, SessionRevoked, SessionStarted, SessionsRevoked, SignInFailed, StreamName,
    Timestamp, UserId, UserRegistered, UserSuspended, Version,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use store::log::AppendError;
use uuid::Uuid;

/// 2026-11-23T21:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_micros(1_795_467_600_000_000);

/// Where people are, unless told.
const HOME: &str = "192.0.2.7";

pub(crate) struct Teller<'a> {
    world: &'a World,
    chance: u64,
    count: u64,
    versions: BTreeMap<StreamName, Version>,
    people: Vec<Person>,
    sessions: Vec<Session>,
    /// Whether somebody may be erased.
    erases: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    Suspended,
    Deleted,
    Erased,
}

pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) standing: Standing,
    roles: BTreeSet<RoleName>,
}

struct Session {
    id: SessionId,
    user_id: UserId,
    generation: u32,
    started_at: Timestamp,
    started_position: Position,
    ended: bool,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(world: &'a World, seed: u64) -> Self {
        let (people, sessions) = (Vec::new(), Vec::new());
        Self {
            world,
            chance: seed.max(1),
            count: seed << 32,
            versions: BTreeMap::new(),
            people,
            sessions,
            erases: true,
        }
    }

    /// Nobody is erased from here on.
    pub(crate) fn spare_everybody(&mut self) {
        self.erases = false;
    }

    /// Lets `events` things happen.
    pub(crate) async fn tell(&mut self, events: usize) {
        for _ in 0..events {
            self.next().await;
        }
    }

    async fn next(&mut self) {
        if self.people.len() < 3 || self.roll(6) == 0 {
            self.register().await;
            return;
        }
        let index = self.roll(self.people.len());
        let (user, standing) = (self.people[index].id, self.people[index].standing);
        match (self.roll(16), standing) {
            (0..=3, Standing::Active) => self.sign_in(user).await,
            (4..=8, _) => self.follow_up(user).await,
            (9, Standing::Active) => self.change_profile(user).await,
            (10, Standing::Active) => self.hash_password(user).await,
            (11, Standing::Active) => self.set_standing(index, Standing::Suspended).await,
            (11..=13, Standing::Suspended) => self.set_standing(index, Standing::Active).await,
            (12, Standing::Active) if self.roll(3) == 0 => self.set_standing(index, Standing::Deleted).await,
            (9..=15, Standing::Deleted) if self.erases => self.set_standing(index, Standing::Erased).await,
            (13, Standing::Active) => self.turn_role(index).await,
            (14, Standing::Active) => self.revoke_sessions(user).await,
            (15, _) => self.define_role().await,
            (_, Standing::Active | Standing::Suspended) => self.fail_to_sign_in(user).await,
            (_, Standing::Deleted | Standing::Erased) => self.define_role().await,
        }
    }

    /// Somebody comes to be.
    pub(crate) async fn register(&mut self) -> UserId {
        let id = UserId(self.uuid());
        self.world.vault.create_person(id, self.now()).await.expect("a person is created");
        let registered = UserRegistered {
            profile: self.profile(),
            credential: Some(credential()),
            roles: vec![BuiltInRole::User.name()],
            network: Some(network()),
        };
        self.happen(StreamName::user(id), id, Fact::UserRegistered(registered)).await;
        let roles = [BuiltInRole::User.name()].into();
        self.people.push(Person { id, standing: Standing::Active, roles });
        id
    }

    /// Somebody signs in.
    pub(crate) async fn sign_in(&mut self, user_id: UserId) {
        self.sign_in_from(user_id, HOME).await;
    }

    /// Somebody signs in from this address.
    pub(crate) async fn sign_in_from(&mut self, user_id: UserId, ip: &str) {
        let network = Network { ip: Some(ip.into()), user_agent: Some("Firefox/140".into()) };
        let id = SessionId(self.uuid());
        let started_at = self.now();
        let expires_at = started_at.after(Duration::from_secs(3600));
        let fact = Fact::SessionStarted(SessionStarted {
            user_id,
            expires_at,
            network: Personal::Open(network),
            second_factor: None,
        });
        let started_position = self.happen(StreamName::session(id), user_id, fact).await;
        self.sessions.push(Session {
            id,
            user_id,
            generation: 0,
            started_at,
            started_position,
            ended: false,
        });
    }

    /// Refreshes or ends one of somebody's sessions; somebody without any fails to sign in.
    async fn follow_up(&mut self, user_id: UserId) {
        let roll = self.roll(8);
        let live =
            self.sessions.iter_mut().rev().find(|session| session.user_id == user_id && !session.ended);
        let Some(session) = live else { return self.fail_to_sign_in(user_id).await };
        session.generation += 1;
        session.ended = roll < 2;
        let fact = match roll {
            0 => Fact::SessionRevoked(SessionRevoked { user_id, cause: EndCause::SignedOut }),
            1 => Fact::SessionReplayDetected(SessionReplayDetected {
                user_id,
                generation: 0,
                network: network(),
            }),
            _ => Fact::SessionRefreshed(SessionRefreshed {
                user_id,
                generation: session.generation,
                started_at: session.started_at,
                started_position: session.started_position,
                expires_at: session.started_at.after(Duration::from_secs(3600)),
                network: network(),
                authenticated_at: None,
                second_factor: None,
            }),
        };
        let stream = StreamName::session(session.id);
        self.happen(stream, user_id, fact).await;
    }

    /// Somebody is known by another name from now on.
    pub(crate) async fn change_profile(&mut self, user: UserId) {
        let fact = Fact::ProfileChanged(ProfileChanged { profile: self.profile() });
        self.happen(StreamName::user(user), user, fact).await;
    }

    async fn hash_password(&mut self, user: UserId) {
        if self.roll(2) == 0 {
            return self.change_password(user).await;
        }
        let fact = Fact::PasswordRehashed(PasswordChanged { credential: credential() });
        self.happen(StreamName::user(user), user, fact).await;
    }

    /// Somebody chooses another password.
    pub(crate) async fn change_password(&mut self, user: UserId) {
        let fact = Fact::PasswordChanged(PasswordChanged { credential: credential() });
        self.happen(StreamName::user(user), user, fact).await;
    }

    async fn set_standing(&mut self, index: usize, standing: Standing) {
        self.people[index].standing = standing;
        let user = self.people[index].id;
        let fact = match standing {
            Standing::Active => Fact::UserReinstated,
            Standing::Suspended => {
                Fact::UserSuspended(UserSuspended { reason: Personal::Open(Reason { text: "spam".into() }) })
            }
            Standing::Deleted => Fact::UserDeleted,
            Standing::Erased => return self.erase(user).await,
        };
        self.happen(StreamName::user(user), user, fact).await;
    }

    /// Somebody's keys are destroyed, as the command side does it.
    pub(crate) async fn erase(&mut self, user: UserId) {
        self.happen(StreamName::user(user), user, Fact::UserErased).await;
        self.world.vault.finish_erasure(user, self.now()).await.expect("an erasure ends");
        for person in self.people.iter_mut().filter(|person| person.id == user) {
            person.standing = Standing::Erased;
        }
        for session in self.sessions.iter_mut().filter(|session| session.user_id == user) {
            session.ended = true;
        }
    }

    async fn turn_role(&mut self, index: usize) {
        let role = BuiltInRole::Auditor.name();
        let person = &mut self.people[index];
        let user = person.id;
        let fact = if person.roles.remove(&role) {
            Fact::RoleRevoked(RoleRevoked { role })
        } else {
            person.roles.insert(role.clone());
            Fact::RoleGranted(RoleGranted { role })
        };
        self.happen(StreamName::user(user), user, fact).await;
    }

    async fn revoke_sessions(&mut self, user: UserId) {
        let keep = self.roll(2) == 0;
        let mine = |session: &&mut Session| session.user_id == user && !session.ended;
        let mut live: Vec<&mut Session> = self.sessions.iter_mut().filter(mine).collect();
        let except = if keep { live.pop().map(|session| session.id) } else { None };
        live.into_iter().for_each(|session| session.ended = true);
        let fact =
            Fact::SessionsRevoked(SessionsRevoked { except, cause: RevocationCause::RequestedByOwner });
        self.happen(StreamName::user(user), user, fact).await;
    }

    async fn fail_to_sign_in(&mut self, user: UserId) {
        let failed = SignInFailed { cause: FailureCause::WrongPassword, failures: 1, network: network() };
        // Who is erased has no key to seal a failure with; the command side writes none either.
        if self.people.iter().any(|person| person.id == user && person.standing != Standing::Erased) {
            self.happen(StreamName::sign_in(user), user, Fact::SignInFailed(failed)).await;
        } else {
            self.define_role().await;
        }
    }

    async fn define_role(&mut self) {
        let role: RoleName = format!("desk-{}", self.roll(5)).parse().expect("a role name");
        let stream = StreamName::role(&role);
        let permissions = Permission::ALL.into_iter().filter(|_| self.roll(2) == 0).collect();
        let known = self.versions.contains_key(&stream);
        let fact = match known && self.roll(3) == 0 {
            true => Fact::RoleRemoved(RoleRemoved { role }),
            false => Fact::RoleDefined(RoleDefined { role, permissions }),
        };
        self.happen_without_person(stream, fact).await;
    }

    async fn happen(&mut self, stream: StreamName, person: UserId, fact: Fact) -> Position {
        let draft = self.draft(stream, Some(person), fact);
        let erased = draft.fact == Fact::UserErased;
        let record = if erased {
            draft.write(|_, _| Vec::new())
        } else {
            let sealer =
                self.world.vault.sealer(person, draft.time.month()).await.expect("the person has keys");
            draft.write(|context, plaintext| sealer.seal(context, plaintext))
        };
        self.append(record.expect("a fact fits a record")).await
    }

    async fn happen_without_person(&mut self, stream: StreamName, fact: Fact) -> Position {
        let draft = self.draft(stream, None, fact);
        self.append(draft.write(|_, _| Vec::new()).expect("a fact fits a record")).await
    }

    fn draft(&mut self, stream: StreamName, person: Option<UserId>, fact: Fact) -> Draft {
        let id = EventId(self.uuid());
        let version = self.versions.get(&stream).copied().unwrap_or_default().next();
        let context = RequestContext {
            actor: person.map_or(Actor::Operator, Actor::User),
            correlation_id: format!("request-{}", self.count),
            causation_id: None,
            traceparent: None,
        };
        let (log, time, salt) = (self.world.log.id(), self.now(), Salt(id.0.into_bytes()));
        Draft { id, log, time, stream, version, context, salt, person, fact }
    }

    /// Appends a record that continues its stream; again when its outcome is unknown, which changes nothing.
    pub(crate) async fn append(&mut self, record: Record) -> Position {
        let (stream, version) = (record.stream.clone(), record.version);
        let expected = Version(version.0 - 1);
        let mut last = Position::START;
        eventually("the log takes it", async || {
            match self.world.log.append(&stream, expected, vec![record.clone()]).await {
                Ok(appended) => last = appended.last(),
                Err(AppendError::Broken(_)) => return false,
                Err(refused) => panic!("{refused}"),
            }
            true
        })
        .await;
        self.versions.insert(stream, version);
        last
    }

    fn profile(&mut self) -> Personal<Profile> {
        let number = self.roll(1_000_000);
        let email = format!("person-{number}@example.com");
        Personal::Open(Profile { email, display_name: Some(format!("Person {number}")) })
    }

    /// Time goes on a second an event.
    fn now(&self) -> Timestamp {
        BEGINNING.after(Duration::from_secs(self.count & 0xffff_ffff))
    }

    fn uuid(&mut self) -> Uuid {
        self.count += 1;
        Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0000 | u128::from(self.count))
    }

    /// A number below `bound` (xorshift64, Marsaglia 2003).
    fn roll(&mut self, bound: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance % bound as u64).unwrap_or(0)
    }
}

fn credential() -> Personal<Credential> {
    Personal::Open(Credential { password_hash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".into() })
}

fn network() -> Personal<Network> {
    Personal::Open(Network { ip: Some(HOME.into()), user_agent: Some("Firefox/140".into()) })
}
