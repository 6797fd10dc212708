//! One golden sample a type and version, and a catalogue that names them all.
//!
//! A sample is a record exactly as some version of Evident wrote it. Samples are added, never edited: whoever breaks
//! this test breaks the reading of logs that exist.

use events::{
    Actor, AuditExported, BuiltInRole, Credential, Draft, EndCause, EventId, ExportFormat, Fact,
    FailureCause, LockedOut, LockoutScope, LogId, Network, PasswordChanged, Permission, Personal, Position,
    Profile, ProfileChanged, Reason, Record, RequestContext, RevocationCause, RoleDefined, RoleGranted,
    RoleRemoved, RoleRevoked, Salt, SessionId, SessionRefreshed, SessionReplayDetected, SessionRevoked,
    SessionStarted, SessionsRevoked, SignInFailed, StreamName, Timestamp, UserId, UserRegistered,
    UserSuspended, Version,
};
use std::{fs, path::PathBuf};
use uuid::Uuid;

const USER: UserId = UserId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0001));
const SESSION: SessionId = SessionId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0002));

fn moment() -> Timestamp {
    "2026-11-23T21:00:00.123456Z".parse().expect("a moment")
}

fn network() -> Personal<Network> {
    Personal::Open(Network { ip: Some("192.0.2.7".into()), user_agent: Some("Firefox/140".into()) })
}

fn profile() -> Personal<Profile> {
    Personal::Open(Profile { email: "ada@example.com".into(), display_name: Some("Ada".into()) })
}

fn password() -> PasswordChanged {
    PasswordChanged { credential: Personal::Open(Credential { password_hash: "$argon2id$v=19$…".into() }) }
}

/// One of each fact, on the stream where it belongs.
fn facts() -> Vec<(StreamName, Fact)> {
    let admin = BuiltInRole::Admin.name();
    let desk = "front-desk".parse().expect("a role name");
    let (user, sign_in) = (StreamName::user(USER), StreamName::sign_in(USER));
    let (session, role) = (StreamName::session(SESSION), StreamName::role(&desk));
    let registered = UserRegistered {
        profile: profile(),
        credential: Some(password().credential),
        roles: vec![BuiltInRole::User.name()],
        network: Some(network()),
    };
    let failed = SignInFailed { cause: FailureCause::WrongPassword, failures: 3, network: network() };
    let locked = LockedOut { scope: LockoutScope::Source, until: moment(), failures: 5, network: network() };
    let started = SessionStarted { user_id: USER, expires_at: moment(), network: network() };
    let refreshed = SessionRefreshed {
        user_id: USER,
        generation: 4,
        started_at: moment(),
        started_position: Position(17),
        expires_at: moment(),
        network: network(),
    };
    let replayed = SessionReplayDetected { user_id: USER, generation: 2, network: network() };
    let defined = RoleDefined {
        role: desk.clone(),
        permissions: [Permission::UsersRead, Permission::UsersWrite].into(),
    };
    let exported = AuditExported { format: ExportFormat::Jsonl, from: Position(1), to: Position(4_000) };
    let reason = Personal::Open(Reason { text: "sends spam".into() });
    let revoked = SessionsRevoked { except: Some(SESSION), cause: RevocationCause::PasswordChanged };
    vec![
        (user.clone(), Fact::UserRegistered(registered)),
        (user.clone(), Fact::ProfileChanged(ProfileChanged { profile: profile() })),
        (user.clone(), Fact::PasswordChanged(password())),
        (user.clone(), Fact::PasswordRehashed(password())),
        (user.clone(), Fact::RoleGranted(RoleGranted { role: admin.clone() })),
        (user.clone(), Fact::RoleRevoked(RoleRevoked { role: admin })),
        (user.clone(), Fact::UserSuspended(UserSuspended { reason })),
        (user.clone(), Fact::UserReinstated),
        (user.clone(), Fact::SessionsRevoked(revoked)),
        (user.clone(), Fact::UserDeleted),
        (user, Fact::UserErased),
        (sign_in.clone(), Fact::SignInFailed(failed)),
        (sign_in.clone(), Fact::LockedOut(locked)),
        (sign_in, Fact::LockoutLifted),
        (session.clone(), Fact::SessionStarted(started)),
        (session.clone(), Fact::SessionRefreshed(refreshed)),
        (session.clone(), Fact::SessionRevoked(SessionRevoked { user_id: USER, cause: EndCause::SignedOut })),
        (session, Fact::SessionReplayDetected(replayed)),
        (role.clone(), Fact::RoleDefined(defined)),
        (role, Fact::RoleRemoved(RoleRemoved { role: desk })),
        (StreamName::export(EventId(Uuid::from_u128(3))), Fact::AuditExported(exported)),
    ]
}

/// Writes a record as the samples are written: nothing is encrypted, so that the plaintext's form is kept too.
fn write(stream: StreamName, fact: Fact) -> Record {
    let draft = Draft {
        id: EventId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0003)),
        log: LogId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0004)),
        time: moment(),
        stream,
        version: Version(7),
        context: RequestContext {
            actor: Actor::User(USER),
            correlation_id: "req-1".into(),
            causation_id: None,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        },
        salt: Salt([7; 16]),
        person: Some(USER),
        fact,
    };
    draft.write(|_, plaintext| plaintext.to_vec()).expect("a record")
}

fn sample_path(event_type: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(format!("{event_type}.json"))
}

#[test]
fn every_fact_is_written_as_its_sample_was() {
    for (stream, fact) in facts() {
        let written = write(stream, fact.clone());
        let path = sample_path(fact.event_type());
        let sample = fs::read(&path).unwrap_or_else(|_| panic!("no sample at {}", path.display()));
        assert_eq!(String::from_utf8_lossy(written.bytes()), String::from_utf8_lossy(&sample));
    }
}

#[test]
fn every_sample_still_reads_as_its_fact() {
    for (_, fact) in facts() {
        let sample = fs::read(sample_path(fact.event_type())).expect("a sample");
        let record = Record::parse(sample.into()).expect("a record");
        let open = record.fact(|_, ciphertext| Some(ciphertext.to_vec()));
        assert_eq!(open.expect("a fact"), fact);
        record.fact(|_, _| None).expect("an erased fact is still a fact");
    }
}

#[test]
fn there_is_a_sample_for_each_type_and_no_other() {
    let mut sampled: Vec<_> = fs::read_dir(sample_path("x").parent().expect("a folder"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().replace(".json", ""))
        .collect();
    sampled.sort();
    let mut known = Fact::TYPES.map(String::from).to_vec();
    known.sort();
    assert_eq!(sampled, known);
    let written: Vec<_> = facts().iter().map(|(_, fact)| fact.event_type()).collect();
    assert_eq!(written, Fact::TYPES);
}

#[test]
fn the_catalogue_describes_each_type_and_each_of_its_fields() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/EVENTS.md");
    let catalogue = fs::read_to_string(path).expect("docs/EVENTS.md");
    for (stream, fact) in facts() {
        let (heading, event_type) = (format!("\n### `{}`\n", fact.event_type()), fact.event_type());
        let section =
            catalogue.split_once(&heading).unwrap_or_else(|| panic!("no section for {event_type}")).1;
        let section = section.split("\n#").next().unwrap_or_default();
        for field in write(stream, fact).data(|_, _| None).expect("data").keys() {
            assert!(section.contains(&format!("`{field}`")), "{event_type} does not describe {field}");
        }
    }
}

#[test]
fn unknown_types_are_records_without_a_fact() {
    let sample = fs::read_to_string(sample_path("user.deleted.v1")).expect("a sample");
    let foreign = sample.replace("user.deleted.v1", "user.beamed_up.v9");
    let record = Record::parse(foreign.into()).expect("a record");
    assert!(matches!(record.fact(|_, _| None), Err(events::FactError::UnknownType(_))));
}

#[test]
fn a_record_over_the_limit_is_refused() {
    let reason = Personal::Open(Reason { text: "x".repeat(events::MAX_RECORD_BYTES) });
    let draft = Draft {
        id: EventId(Uuid::from_u128(1)),
        log: LogId(Uuid::from_u128(2)),
        time: moment(),
        stream: StreamName::user(USER),
        version: Version(1),
        context: RequestContext {
            actor: Actor::System,
            correlation_id: "r".into(),
            causation_id: None,
            traceparent: None,
        },
        salt: Salt([0; 16]),
        person: Some(USER),
        fact: Fact::UserSuspended(UserSuspended { reason }),
    };
    let refused = draft.write(|_, plaintext| plaintext.to_vec());
    assert!(matches!(refused, Err(events::RecordError::TooLarge { .. })));
}

#[test]
fn personal_values_are_sealed_under_the_key_of_their_group() {
    let (stream, registered) = facts().remove(0);
    let keys: Vec<_> = write(stream, registered).keys().iter().map(ToString::to_string).collect();
    let expected = ["profile", "credential", "network/2026-11"].map(|key| format!("{USER}/{key}"));
    assert_eq!(keys, expected);
}
