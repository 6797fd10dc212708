//! A backlog, projected from nothing, against the same rows written by bare bulk upserts.

use super::facts::{MOMENT, context, id};
use crate::{
    Outcome,
    limits::upserts,
    machine::Postgres,
    table::{Figure, Reach, Row},
};
use events::{
    BuiltInRole, Draft, EventId, Fact, LogId, Network, Personal, Position, Profile, Record, Salt, SessionId,
    SessionRefreshed, SessionStarted, StreamName, UserId, UserRegistered, Version,
};
use read_models::ReadModels;
use std::time::{Duration, Instant};
use store::{
    log::Log,
    vault::{MasterKey, Sealer, Vault},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Events of one person: registered, then one session and what it was refreshed to.
const EVENTS_PER_PERSON: u64 = 10;
/// People whose events are appended at the same time, so that they lie mixed in the log as they would.
const AT_ONCE: u64 = 64;

pub(crate) async fn run(postgres: &Postgres, backlog: u64) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let sqlite = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let stores = postgres.database("project").await?;
    let empty = postgres.database("bare_upserts").await?;
    let took = project(&stores, &stores, &stores, backlog).await?;
    ReadModels::migrate(&empty).await?;
    let bare = upserts::postgres(&stores, &empty).await?;

    let sqlite_took = project(&sqlite("log.db"), &sqlite("vault.db"), &sqlite("read.db"), backlog).await?;
    ReadModels::migrate(&sqlite("bare.db")).await?;
    let sqlite_bare = upserts::sqlite(&sqlite("read.db"), &sqlite("bare.db")).await?;

    #[expect(clippy::cast_precision_loss, reason = "a count of events")]
    let rate = |took: Duration| Figure::PerSecond(backlog as f64 / took.as_secs_f64());
    let against = |engine: &str, took, bare| Row {
        scenario: format!("project {backlog} events, {engine}, against bare upserts"),
        ours: rate(took),
        limit: Some(rate(bare)),
        reach: Reach::AtLeast(0.5),
    };
    Ok(vec![
        against("PostgreSQL", took, bare),
        Row {
            scenario: format!("project {backlog} events, PostgreSQL"),
            ours: rate(took),
            limit: None,
            reach: Reach::PerSecond(25_000.0),
        },
        against("SQLite", sqlite_took, sqlite_bare),
    ])
}

/// Fills a log, then projects it; how long the projection took.
async fn project(log_url: &str, vault_url: &str, read_url: &str, backlog: u64) -> Outcome<Duration> {
    let (log, vault, read_models) = make(log_url, vault_url, read_url).await?;
    fill(&log, &vault, backlog).await?;

    let (head, stop) = (log.head().await?, CancellationToken::new());
    let started = Instant::now();
    let projecting = tokio::spawn(projector::run(log.clone(), vault, read_models.clone(), stop.clone()));
    while read_models.checkpoint().await?.position < head {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = started.elapsed();
    stop.cancel();
    projecting.await??;
    log.close().await;
    Ok(took)
}

/// New stores, open.
pub(super) async fn make(
    log_url: &str,
    vault_url: &str,
    read_url: &str,
) -> Outcome<(Log, Vault, ReadModels)> {
    Log::migrate(log_url).await?;
    Vault::migrate(vault_url).await?;
    ReadModels::migrate(read_url).await?;
    let log = Log::open(log_url).await?;
    let vault = Vault::open(vault_url, MasterKey::from_bytes([7; 32])).await?;
    Ok((log, vault, ReadModels::open(read_url).await?))
}

/// Appends the events of so many people, as many at once as would be.
pub(super) async fn fill(log: &Log, vault: &Vault, backlog: u64) -> Outcome<()> {
    let people = backlog / EVENTS_PER_PERSON;
    let mut tasks = JoinSet::new();
    for lane in 0..AT_ONCE {
        let (log, vault) = (log.clone(), vault.clone());
        tasks.spawn(async move {
            for person in (lane..people).step_by(usize::try_from(AT_ONCE)?) {
                live(&log, &vault, person).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// One person's events, each sealed as it would be.
async fn live(log: &Log, vault: &Vault, person: u64) -> Outcome<()> {
    let user_id = UserId(id(1, person));
    vault.create_person(user_id, MOMENT).await?;
    let sealer = vault.sealer(user_id, MOMENT.month()).await?;
    let profile =
        Profile { email: format!("person-{person}@example.com"), display_name: Some("Somebody".into()) };
    let registered = Fact::UserRegistered(UserRegistered {
        profile: Personal::Open(profile),
        credential: None,
        roles: vec![BuiltInRole::User.name()],
        network: Some(network()),
    });
    let first = person * EVENTS_PER_PERSON;
    let user = StreamName::user(user_id);
    let record = write(log.id(), &sealer, user_id, (user.clone(), Version(1)), first, registered)?;
    log.append(&user, Version::NONE, vec![record]).await?;

    let session = StreamName::session(SessionId(id(3, person)));
    let started = Fact::SessionStarted(SessionStarted {
        user_id,
        expires_at: MOMENT,
        network: network(),
        second_factor: None,
    });
    let record = write(log.id(), &sealer, user_id, (session.clone(), Version(1)), first + 1, started)?;
    let started_position = log.append(&session, Version::NONE, vec![record]).await?.last();
    for version in 2..EVENTS_PER_PERSON {
        let refreshed = refreshed(user_id, version, started_position)?;
        let at = (session.clone(), Version(version));
        let record = write(log.id(), &sealer, user_id, at, first + version, refreshed)?;
        log.append(&session, Version(version - 1), vec![record]).await?;
    }
    Ok(())
}

fn refreshed(user_id: UserId, version: u64, started_position: Position) -> Outcome<Fact> {
    Ok(Fact::SessionRefreshed(SessionRefreshed {
        user_id,
        generation: u32::try_from(version - 1)?,
        started_at: MOMENT,
        started_position,
        expires_at: MOMENT,
        network: network(),
        authenticated_at: None,
        second_factor: None,
    }))
}

fn network() -> Personal<Network> {
    Personal::Open(Network {
        ip: Some("192.0.2.7".into()),
        user_agent: Some("Mozilla/5.0 (X11; Linux)".into()),
    })
}

fn write(
    log: LogId,
    sealer: &Sealer,
    person: UserId,
    (stream, version): (StreamName, Version),
    number: u64,
    fact: Fact,
) -> Outcome<Record> {
    let draft = Draft {
        id: EventId(id(2, number)),
        log,
        time: MOMENT,
        stream,
        version,
        context: context(),
        salt: Salt([7; 16]),
        person: Some(person),
        fact,
    };
    Ok(draft.write(|context, plaintext| sealer.seal(context, plaintext))?)
}
