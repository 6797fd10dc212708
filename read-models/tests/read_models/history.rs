//! Histories to fold: real records, written and read by the codec, sealed by nothing.

use events::{
    Actor, Draft, EndCause, EventId, Fact, KeyId, KeyIssued, KeyRevoked, KeyUsed, LogId, Network, Permission,
    Personal, Position, Profile, ProfileChanged, Reason, Record, RequestContext, RevocationCause,
    RoleDefined, RoleGranted, RoleName, Salt, SecretHash, ServiceAccountCreated, ServiceAccountId, SessionId,
    SessionRefreshed, SessionRevoked, SessionStarted, SessionsRevoked, StreamName, Timestamp, UserId,
    UserRegistered, UserSuspended, Version,
};
use read_models::Projected;
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

pub(crate) const LOG: LogId = LogId(Uuid::from_u128(1));
pub(crate) const START: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// Everything that happened in one log so far. One second passes between two events.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) log: LogId,
    pub(crate) events: Vec<Projected>,
    versions: HashMap<StreamName, Version>,
    /// How much later than its position says an event happens.
    later: Duration,
}

pub(crate) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(0x1000 + number))
}

pub(crate) fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(0x2000 + number))
}

pub(crate) fn service(number: u128) -> ServiceAccountId {
    ServiceAccountId(Uuid::from_u128(0x3000 + number))
}

pub(crate) fn key(number: u128) -> KeyId {
    KeyId(Uuid::from_u128(0x4000 + number))
}

pub(crate) fn role(name: &str) -> RoleName {
    name.parse().expect("a role's name")
}

/// The moment of the event at this position.
pub(crate) fn at(position: u64) -> Timestamp {
    START.after(Duration::from_secs(position))
}

impl History {
    pub(crate) fn new() -> Self {
        Self { log: LOG, events: Vec::new(), versions: HashMap::new(), later: Duration::ZERO }
    }

    /// Lets time pass in which nothing happens.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.later += time;
    }

    /// One more event. Its person's keys live.
    pub(crate) fn then(&mut self, stream: StreamName, fact: Fact) -> Position {
        let record = self.write(&stream, fact);
        let fact = record.fact(|_, sealed| Some(sealed.to_vec())).map_err(|error| error.to_string());
        self.push(record, fact)
    }

    /// One more event, of which this version of Evident can make nothing.
    pub(crate) fn then_unknown(&mut self, stream: StreamName) -> Position {
        let record = self.write(&stream, Fact::LockoutLifted);
        let text = String::from_utf8(record.bytes().to_vec()).expect("a record is text");
        let text = text.replace("user.lockout_lifted.v1", "user.levitated.v9");
        let record = Record::parse(text.into()).expect("a record of an unknown type");
        let fact = record.fact(|_, _| None).map_err(|error| error.to_string());
        assert!(fact.is_err());
        self.push(record, fact)
    }

    fn push(&mut self, record: Record, fact: Result<Fact, String>) -> Position {
        let position = Position(self.events.len() as u64 + 1);
        self.events.push(Projected { position, record, fact });
        position
    }

    fn write(&mut self, stream: &StreamName, fact: Fact) -> Record {
        let position = self.events.len() as u64 + 1;
        let version = self.versions.entry(stream.clone()).or_default();
        *version = version.next();
        let draft = Draft {
            id: EventId(Uuid::from_u128(0x9000_0000 + u128::from(position))),
            log: self.log,
            time: at(position).after(self.later),
            stream: stream.clone(),
            version: *version,
            context: RequestContext {
                actor: Actor::Anonymous,
                correlation_id: format!("request-{position}"),
                causation_id: None,
                traceparent: None,
            },
            salt: Salt([7; 16]),
            person: Some(user(0)),
            fact,
        };
        draft.write(|_, plain| plain.to_vec()).expect("the record can be written")
    }

    /// The same history, read after every key was destroyed.
    pub(crate) fn without_keys(&self) -> Self {
        let mut history = self.clone();
        for projected in &mut history.events {
            if projected.fact.is_ok() {
                projected.fact = projected.record.fact(|_, _| None).map_err(|error| error.to_string());
            }
        }
        history
    }

    pub(crate) fn registered(&mut self, number: u128, email: &str, name: Option<&str>) -> Position {
        let profile = profile(email, name);
        let fact = UserRegistered { profile, credential: None, roles: vec![role("user")], network: None };
        self.then(StreamName::user(user(number)), Fact::UserRegistered(fact))
    }

    pub(crate) fn renamed(&mut self, number: u128, email: &str, name: Option<&str>) -> Position {
        let fact = ProfileChanged { profile: profile(email, name) };
        self.then(StreamName::user(user(number)), Fact::ProfileChanged(fact))
    }

    pub(crate) fn granted(&mut self, number: u128, name: &str) -> Position {
        self.then(StreamName::user(user(number)), Fact::RoleGranted(RoleGranted { role: role(name) }))
    }

    pub(crate) fn suspended(&mut self, number: u128) -> Position {
        let reason = Personal::Open(Reason { text: "abuse".to_owned() });
        self.then(StreamName::user(user(number)), Fact::UserSuspended(UserSuspended { reason }))
    }

    pub(crate) fn of_user(&mut self, number: u128, fact: Fact) -> Position {
        self.then(StreamName::user(user(number)), fact)
    }

    pub(crate) fn all_revoked(&mut self, number: u128, except: Option<u128>) -> Position {
        let (except, cause) = (except.map(session), RevocationCause::RequestedByOwner);
        self.of_user(number, Fact::SessionsRevoked(SessionsRevoked { except, cause }))
    }

    pub(crate) fn started(&mut self, number: u128, owner: u128) -> Position {
        let expires_at = at(1_000_000);
        let fact = SessionStarted {
            user_id: user(owner),
            expires_at,
            network: network(number),
            second_factor: None,
        };
        self.then(StreamName::session(session(number)), Fact::SessionStarted(fact))
    }

    /// Refreshes a session that started at this position.
    pub(crate) fn refreshed(&mut self, number: u128, owner: u128, started: Position) -> Position {
        let fact = SessionRefreshed {
            user_id: user(owner),
            generation: 1,
            started_at: at(started.0),
            started_position: started,
            expires_at: at(1_000_000),
            network: network(number + 50),
            authenticated_at: None,
            second_factor: None,
        };
        self.then(StreamName::session(session(number)), Fact::SessionRefreshed(fact))
    }

    pub(crate) fn signed_out(&mut self, number: u128, owner: u128) -> Position {
        let fact = SessionRevoked { user_id: user(owner), cause: EndCause::SignedOut };
        self.then(StreamName::session(session(number)), Fact::SessionRevoked(fact))
    }

    pub(crate) fn service_created(&mut self, account: u128) -> Position {
        let (name, permissions) = ("nightly import".to_owned(), Permission::ALL.into());
        self.of_service(account, Fact::ServiceAccountCreated(ServiceAccountCreated { name, permissions }))
    }

    pub(crate) fn service_removed(&mut self, account: u128) -> Position {
        self.of_service(account, Fact::ServiceAccountRemoved)
    }

    pub(crate) fn key_issued(&mut self, account: u128, number: u128) -> Position {
        let issued = KeyIssued {
            key_id: key(number),
            name: format!("key {number}"),
            permissions: [Permission::UsersRead].into(),
            expires_at: at(1_000_000),
            secret_hash: SecretHash([7; 32]),
        };
        self.of_service(account, Fact::KeyIssued(issued))
    }

    pub(crate) fn key_revoked(&mut self, account: u128, number: u128) -> Position {
        self.of_service(account, Fact::KeyRevoked(KeyRevoked { key_id: key(number) }))
    }

    pub(crate) fn key_used(&mut self, account: u128, number: u128) -> Position {
        let used = Fact::KeyUsed(KeyUsed { account_id: service(account) });
        self.then(StreamName::key_use(key(number)), used)
    }

    fn of_service(&mut self, account: u128, fact: Fact) -> Position {
        self.then(StreamName::service(service(account)), fact)
    }

    pub(crate) fn defined(&mut self, name: &str, permission: Permission) -> Position {
        let fact = RoleDefined { role: role(name), permissions: [permission].into() };
        self.then(StreamName::role(&role(name)), Fact::RoleDefined(fact))
    }
}

fn profile(email: &str, name: Option<&str>) -> Personal<Profile> {
    Personal::Open(Profile { email: email.to_owned(), display_name: name.map(ToOwned::to_owned) })
}

pub(crate) fn network(number: u128) -> Personal<Network> {
    let ip = Some(format!("192.0.2.{}", number % 250));
    Personal::Open(Network { ip, user_agent: Some(format!("browser {number}")) })
}
