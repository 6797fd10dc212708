//! A small world to ask questions about: a log, a vault and read models of their own, facts told to them one by one, and
//! a router to ask. It stands on SQLite, or on PostgreSQL when `EVIDENT_TEST_STORES=postgres` says so. Nothing is
//! projected unless a test says so, so that a test can stand in the moment between the two.

pub(crate) use crate::answer::{Answer, ask};

use crate::place::Place;
use events::{
    Actor, Credential, Draft, EventId, Fact, LogId, Network, Personal, Position, Profile, Record,
    RequestContext, Salt, SessionId, SessionStarted, StreamName, Timestamp, UserId, UserRegistered, Version,
};
use http::{Request, header, request};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use query_api::App;
use read_models::{Projected, ReadModels};
use serde_json::Value;
use service::{
    Clock, Config, Entropy, Secret,
    config::{Environment, SecondFactorDemand},
    position::{EVIDENT_MIN_POSITION, PositionTokens},
    token::{Amr, Claims, TYP},
};
use std::{collections::HashMap, time::Duration};
use store::{
    log::{Log, Stored},
    vault::{MasterKey, Purpose, Scope, Vault},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Noon of some day.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

pub(crate) struct World {
    pub(crate) log: Log,
    pub(crate) vault: Vault,
    pub(crate) read_models: ReadModels,
    pub(crate) clock: Clock,
    pub(crate) app: App,
    config: Config,
    entropy: Entropy,
    versions: HashMap<StreamName, Version>,
    stop: CancellationToken,
    place: Place,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) token: String,
}

impl World {
    /// An empty log, and an app that follows it.
    pub(crate) async fn new() -> World {
        World::made(true, config()).await
    }

    /// The same, and answers are shared over this Valkey.
    pub(crate) async fn sharing_over(url: &str) -> World {
        World::made(true, Config { redis_url: Some(Secret::new(url)), ..config() }).await
    }

    /// The same, and a second factor is demanded.
    pub(crate) async fn demanding(second_factor: SecondFactorDemand) -> World {
        World::made(true, Config { second_factor, ..config() }).await
    }

    /// The same, in the moment before the command side has made a key to sign with.
    pub(crate) async fn without_keys() -> World {
        World::made(false, config()).await
    }

    async fn made(with_key: bool, config: Config) -> World {
        let place = Place::new();
        Log::migrate(&place.log_url).await.expect("a log");
        Vault::migrate(&place.vault_url).await.expect("a vault");
        ReadModels::migrate(&place.read_url).await.expect("read models");
        let clock = Clock::set_to(NOON);
        let log = Log::open(&place.log_url).await.expect("the log");
        let vault = Vault::open(&place.vault_url, MasterKey::from_bytes([7; 32])).await.expect("the vault");
        if with_key {
            vault.ensure_signing_key(clock.now()).await.expect("a signing key");
        }
        let read_models = ReadModels::open(&place.read_url).await.expect("the read models");
        let entropy = Entropy::seeded(1);
        let stop = CancellationToken::new();
        let versions = HashMap::new();
        let app = start(&log, &vault, &read_models, &config, &clock).await;
        let world = World { log, vault, read_models, clock, app, config, entropy, versions, stop, place };
        world.follow(&world.app);
        world
    }

    /// Lets an app follow the log.
    pub(crate) fn follow(&self, app: &App) {
        let (app, stop) = (app.clone(), self.stop.clone());
        tokio::spawn(async move { app.follow(stop).await });
    }

    /// Another process beside this one, which does not follow the log.
    pub(crate) async fn another_app(&self) -> App {
        start(&self.log, &self.vault, &self.read_models, &self.config, &self.clock).await
    }

    /// Another process, whose tables are empty and stay so. What it answers it has not read there.
    pub(crate) async fn app_without_tables(&self) -> App {
        let url = self.place.empty();
        ReadModels::migrate(&url).await.expect("read models");
        let read_models = ReadModels::open(&url).await.expect("the read models");
        start(&self.log, &self.vault, &read_models, &self.config, &self.clock).await
    }

    /// Appends a fact about a person, or about nobody. It is not projected yet.
    pub(crate) async fn append(
        &mut self,
        stream: StreamName,
        person: Option<UserId>,
        fact: Fact,
    ) -> Position {
        let version = self.versions.get(&stream).copied().unwrap_or_default();
        let record = self.record(stream.clone(), version.next(), person, fact).await;
        let appended = self.log.append(&stream, version, vec![record]).await.expect("an append");
        self.versions.insert(stream, appended.version);
        appended.last()
    }

    /// Appends a record of a type that no version so far knows. It is not projected yet.
    pub(crate) async fn append_unreadable(&mut self, stream: StreamName) -> Position {
        let version = self.versions.get(&stream).copied().unwrap_or_default();
        let record = self.record(stream.clone(), version.next(), None, Fact::UserReinstated).await;
        let text = String::from_utf8(record.bytes().to_vec()).expect("JSON");
        let text = text.replace(Fact::UserReinstated.event_type(), "user.teleported.v9");
        let record = Record::parse(text.into()).expect("its attributes are ours");
        let appended = self.log.append(&stream, version, vec![record]).await.expect("an append");
        self.versions.insert(stream, appended.version);
        appended.last()
    }

    async fn record(
        &self,
        stream: StreamName,
        version: Version,
        person: Option<UserId>,
        fact: Fact,
    ) -> Record {
        let time = self.clock.now();
        let draft = Draft {
            id: EventId(self.entropy.uuid_v7(time)),
            log: self.log.id(),
            time,
            stream,
            version,
            context: RequestContext {
                actor: person.map_or(Actor::System, Actor::User),
                correlation_id: "req-1".into(),
                causation_id: None,
                traceparent: None,
            },
            salt: Salt(self.entropy.bytes()),
            person,
            fact,
        };
        let Some(person) = person else {
            return draft.write(|_, _| Vec::new()).expect("a record without personal data");
        };
        self.vault.create_person(person, time).await.expect("a person's keys");
        let sealer = self.vault.sealer(person, time.month()).await.expect("a sealer");
        draft.write(|context, plaintext| sealer.seal(context, plaintext)).expect("a record")
    }

    /// Brings the read models to the log's head, as the projector would.
    pub(crate) async fn project(&self) {
        let from = self.read_models.checkpoint().await.expect("a checkpoint").position;
        let batch = self.opened(from).await;
        self.read_models.apply(from, self.log.id(), &batch).await.expect("a projection");
    }

    /// The log after a position, opened as a projector opens it.
    pub(crate) async fn opened(&self, after: Position) -> Vec<Projected> {
        let page = self.log.read_all(after, 10_000).await.expect("what is new");
        let keys: Vec<_> = page.iter().flat_map(|stored| stored.record.keys()).collect();
        let keyring = self.vault.keyring(&keys, Scope::Profiles).await.expect("keys");
        let project = |Stored { position, record }: Stored| {
            let fact = record.fact(|context, ciphertext| keyring.open(context, ciphertext));
            Projected { position, fact: fact.map_err(|error| error.to_string()), record }
        };
        page.into_iter().map(project).collect()
    }

    /// Appends a fact, projects it, and lets the app follow.
    pub(crate) async fn tell(&mut self, stream: StreamName, person: Option<UserId>, fact: Fact) -> Position {
        let position = self.append(stream, person, fact).await;
        self.project().await;
        self.app.followed(position).await;
        position
    }

    /// Something happened to a person.
    pub(crate) async fn tell_of(&mut self, user: UserId, fact: Fact) -> Position {
        self.tell(StreamName::user(user), Some(user), fact).await
    }

    /// Somebody registers, with these roles, and signs in.
    pub(crate) async fn somebody(&mut self, name: &str, roles: &[&str]) -> Somebody {
        let user = UserId(self.fresh_id());
        let registered = UserRegistered {
            profile: Personal::Open(profile(name)),
            credential: Some(Personal::Open(Credential { password_hash: "$argon2id$secret".into() })),
            roles: roles.iter().map(|role| role.parse().expect("a role name")).collect(),
            network: Some(Personal::Open(network())),
        };
        self.tell_of(user, Fact::UserRegistered(registered)).await;
        self.sign_in(user, roles).await
    }

    /// Somebody signs in, once more.
    pub(crate) async fn sign_in(&mut self, user: UserId, roles: &[&str]) -> Somebody {
        let somebody = self.sign_in_unprojected(user, roles).await;
        self.project().await;
        somebody
    }

    /// Somebody signs in, and only the log knows it yet.
    pub(crate) async fn sign_in_unprojected(&mut self, user: UserId, roles: &[&str]) -> Somebody {
        let (session, position) = self.append_sign_in(user).await;
        self.app.followed(position).await;
        let token = self.access_token(user, session, position, roles).await;
        Somebody { user, session, token }
    }

    /// Appends the start of a session.
    pub(crate) async fn append_sign_in(&mut self, user: UserId) -> (SessionId, Position) {
        let session = SessionId(self.fresh_id());
        let expires_at = self.clock.now().after(Duration::from_secs(30 * 86_400));
        let started = SessionStarted {
            user_id: user,
            expires_at,
            network: Personal::Open(network()),
            second_factor: None,
        };
        let fact = Fact::SessionStarted(started);
        (session, self.append(StreamName::session(session), Some(user), fact).await)
    }

    /// Somebody is erased: their keys are destroyed, and it is told.
    pub(crate) async fn erase(&mut self, user: UserId) {
        let now = self.clock.now();
        self.append(StreamName::user(user), Some(user), Fact::UserErased).await;
        self.vault.finish_erasure(user, now).await.expect("the end of it");
        self.project().await;
    }

    /// An id that nobody has.
    pub(crate) fn fresh_id(&self) -> Uuid {
        self.entropy.uuid_v7(self.clock.now())
    }

    /// Somebody's token, but under a key that nobody ever made.
    pub(crate) async fn under_an_invented_key(&self, somebody: &Somebody) -> Somebody {
        let (user, session) = (somebody.user, somebody.session);
        let claims = self.claims(user, session, Position::START, &[]);
        Somebody { user, session, token: self.signed(&claims, Some("invented")).await }
    }

    /// The same session, with the token that the command side signs once a second factor was shown.
    pub(crate) async fn with_second_factor(
        &self,
        of: &Somebody,
        started: Position,
        roles: &[&str],
    ) -> Somebody {
        let amr = vec![Amr::Pwd, Amr::Otp, Amr::Mfa];
        let claims = Claims { amr, ..self.claims(of.user, of.session, started, roles) };
        Somebody { token: self.signed(&claims, None).await, ..of.clone() }
    }

    /// A token as the command side signs it.
    async fn access_token(
        &self,
        user: UserId,
        session: SessionId,
        started: Position,
        roles: &[&str],
    ) -> String {
        self.signed(&self.claims(user, session, started, roles), None).await
    }

    fn claims(&self, user: UserId, session: SessionId, started: Position, roles: &[&str]) -> Claims {
        let now = self.clock.now().seconds();
        Claims {
            iss: config().public_url,
            aud: config().public_url,
            sub: user,
            client_id: "tests".into(),
            exp: now + 600,
            iat: now,
            nbf: now,
            auth_time: now,
            amr: vec![Amr::Pwd],
            jti: EventId(self.entropy.uuid_v7(self.clock.now())),
            sid: session,
            pos: started,
            roles: roles.iter().map(|role| role.parse().expect("a role name")).collect(),
        }
    }

    /// Signed with the newest key, under its own name or another one.
    async fn signed(&self, claims: &Claims, name: Option<&str>) -> String {
        let key = self.vault.signing_keys().await.expect("signing keys").remove(0);
        let mut header = Header::new(Algorithm::EdDSA);
        (header.typ, header.kid) = (Some(TYP.into()), Some(name.unwrap_or(&key.kid).to_owned()));
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&key.pkcs8)).expect("a token")
    }

    /// What somebody is answered.
    pub(crate) async fn get(&self, path: &str, somebody: &Somebody) -> Answer {
        self.ask(somebody.request(path)).await
    }

    /// The same, not before a position is shown.
    pub(crate) async fn get_from(&self, path: &str, somebody: &Somebody, minimum: &str) -> Answer {
        self.ask(somebody.request(path).header(EVIDENT_MIN_POSITION, minimum)).await
    }

    /// The ids of a whole list, page by page.
    pub(crate) async fn pages(&self, path: &str, somebody: &Somebody) -> Vec<Vec<Value>> {
        self.pages_of(path, somebody, "id").await
    }

    /// One field of each item of a whole list, page by page. `path` MUST have a query.
    pub(crate) async fn pages_of(&self, path: &str, somebody: &Somebody, field: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next, somebody).await;
            pages.push(page.each(field));
            match page.json()["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => return pages,
            }
        }
    }

    /// What stands for a position outside.
    pub(crate) fn position_token(&self, position: Position) -> String {
        self.tokens(self.log.id()).issue(position)
    }

    /// What stands for positions of another log outside.
    pub(crate) fn tokens(&self, log: LogId) -> PositionTokens {
        PositionTokens::new(*self.vault.server_key(Purpose::Token), log)
    }

    /// What a request is answered.
    pub(crate) async fn ask(&self, request: request::Builder) -> Answer {
        ask(&self.app, request).await
    }
}

async fn start(log: &Log, vault: &Vault, read_models: &ReadModels, config: &Config, clock: &Clock) -> App {
    let (log, vault, read_models) = (log.clone(), vault.clone(), read_models.clone());
    App::start(log, vault, read_models, config, clock.clone(), Entropy::System).await.expect("an app")
}

fn config() -> Config {
    Config::read(&Environment::of([])).expect("the defaults")
}

/// A request without a caller.
pub(crate) fn anonymous(path: &str) -> request::Builder {
    Request::get(path)
}

impl Somebody {
    pub(crate) fn request(&self, path: &str) -> request::Builder {
        Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// How somebody of this name is known.
pub(crate) fn profile(name: &str) -> Profile {
    let email = format!("{}@example.com", name.to_lowercase());
    Profile { email, display_name: Some(name.to_owned()) }
}

/// From where everybody comes.
pub(crate) fn network() -> Network {
    Network { ip: Some("192.0.2.7".into()), user_agent: Some("Firefox/140".into()) }
}
