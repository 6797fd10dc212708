//! One golden sample a type and version, and a catalogue that names them all.
//!
//! A sample is a record exactly as some version of Evident wrote it. Samples are added, never edited: whoever breaks
//! this test breaks the reading of logs that exist.

use events::{
    Actor, Address, AddressTaken, AuditExported, BuiltInRole, Credential, Draft, EmailChangeRequested,
    EmailChanged, EndCause, EventId, ExportFormat, Fact, FailureCause, HoldLifted, HoldName, HoldPlaced,
    KeyId, KeyIssued, KeyRevoked, KeyUsed, LockedOut, LockoutScope, LogId, MailTopic, Network, NetworkEnded,
    PasswordChanged, PasswordResetRequested, Permission, Personal, Picture, PictureChanged, PictureId,
    PictureType, Position, Profile, ProfileChanged, Reason, Record, RecoveryCodes, RecoveryCodesIssued,
    RequestContext, RevocationCause, RoleDefined, RoleGranted, RoleRemoved, RoleRevoked, Salt, SecondFactor,
    SecondFactorUsed, SecretHash, ServiceAccountCreated, ServiceAccountId, SessionId, SessionRefreshed,
    SessionReplayDetected, SessionRevoked, SessionStarted, SessionsRevoked, SignInFailed, StreamName,
    Timestamp, TotpConfirmed, TotpEnrolled, TotpSecret, UsedRecoveryCodes, UsedTotp, UserHoldPlaced, UserId,
    UserRegistered, UserSuspended, VerificationRequested, Version,
};
use std::{fs, path::PathBuf};
use uuid::Uuid;

const USER: UserId = UserId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0001));
const SESSION: SessionId = SessionId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0002));

const SERVICE: ServiceAccountId =
    ServiceAccountId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0005));
const KEY: KeyId = KeyId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0006));

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
    let imported = UserRegistered { network: None, ..registered.clone() };
    let picture = PictureChanged {
        picture_id: PictureId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0005)),
        picture: Personal::Open(Picture {
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            media_type: PictureType::Jpeg,
            width: 512,
            height: 384,
        }),
    };
    let failed = SignInFailed { cause: FailureCause::WrongPassword, failures: 3, network: network() };
    let locked = LockedOut { scope: LockoutScope::Source, until: moment(), failures: 5, network: network() };
    let started =
        SessionStarted { user_id: USER, expires_at: moment(), network: network(), second_factor: None };
    let refreshed = SessionRefreshed {
        user_id: USER,
        generation: 4,
        started_at: moment(),
        started_position: Position(17),
        expires_at: moment(),
        network: network(),
        authenticated_at: None,
        second_factor: None,
    };
    let reauthenticated = SessionRefreshed {
        authenticated_at: Some(moment()),
        second_factor: Some(SecondFactor::Totp),
        ..refreshed.clone()
    };
    let secret = TotpSecret { totp_secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into() };
    let codes = RecoveryCodes { recovery_codes: vec!["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into()] };
    let codes_issued = RecoveryCodesIssued { credential: Personal::Open(codes) };
    let used = SecondFactorUsed {
        method: SecondFactor::Totp,
        totp: Some(UsedTotp { enrolled: Version(2), step: 59_850_000 }),
        recovery_codes: Some(UsedRecoveryCodes { issued: Version(4), used: [0, 7].into() }),
    };
    let replayed = SessionReplayDetected { user_id: USER, generation: 2, network: network() };
    let defined = RoleDefined {
        role: desk.clone(),
        permissions: [Permission::UsersRead, Permission::UsersWrite].into(),
    };
    let exported = AuditExported { format: ExportFormat::Jsonl, from: Position(1), to: Position(4_000) };
    let service = StreamName::service(SERVICE);
    let created = ServiceAccountCreated {
        name: "nightly import".into(),
        permissions: [Permission::UsersRead, Permission::UsersWrite].into(),
    };
    let issued = KeyIssued {
        key_id: KEY,
        name: "build server".into(),
        permissions: [Permission::UsersRead].into(),
        expires_at: moment(),
        secret_hash: SecretHash([9; 32]),
    };
    let reason = Personal::Open(Reason { text: "sends spam".into() });
    let address = Personal::Open(Address { email: "ada@new.example".into() });
    let reset = PasswordResetRequested { password_version: Version(3), network: network() };
    let verification = VerificationRequested { address_version: Version(1), network: network() };
    let claim = Personal::Open(Reason { text: "a claim is pending".into() });
    let case: HoldName = "case-7".parse().expect("a name");
    let held = HoldPlaced {
        name: case.clone(),
        from: moment(),
        to: moment().after(std::time::Duration::from_secs(86_400)),
        grounds: "a claim is pending".into(),
    };
    let revoked = SessionsRevoked { except: Some(SESSION), cause: RevocationCause::PasswordChanged };
    vec![
        (user.clone(), Fact::UserRegistered(registered)),
        (user.clone(), Fact::UserImported(imported)),
        (user.clone(), Fact::ProfileChanged(ProfileChanged { profile: profile() })),
        (user.clone(), Fact::PictureChanged(picture)),
        (user.clone(), Fact::PictureRemoved),
        (user.clone(), Fact::PasswordChanged(password())),
        (user.clone(), Fact::PasswordRehashed(password())),
        (user.clone(), Fact::RoleGranted(RoleGranted { role: admin.clone() })),
        (user.clone(), Fact::RoleRevoked(RoleRevoked { role: admin })),
        (user.clone(), Fact::UserSuspended(UserSuspended { reason })),
        (user.clone(), Fact::UserReinstated),
        (user.clone(), Fact::SessionsRevoked(revoked)),
        (user.clone(), Fact::UserDeleted),
        (user.clone(), Fact::UserErased),
        (user.clone(), Fact::TotpEnrolled(TotpEnrolled { credential: Personal::Open(secret) })),
        (user.clone(), Fact::TotpConfirmed(TotpConfirmed { step: 59_850_000 })),
        (user.clone(), Fact::RecoveryCodesIssued(codes_issued)),
        (user.clone(), Fact::SecondFactorRemoved),
        (StreamName::factor(USER), Fact::SecondFactorUsed(used)),
        (user.clone(), Fact::EmailVerified),
        (user.clone(), Fact::EmailChangeRequested(EmailChangeRequested { address })),
        (user.clone(), Fact::EmailChanged(EmailChanged { profile: profile() })),
        (user, Fact::UserInvited),
        (StreamName::mail(MailTopic::Reset, USER), Fact::PasswordResetRequested(reset)),
        (StreamName::mail(MailTopic::Verification, USER), Fact::VerificationRequested(verification)),
        (StreamName::mail(MailTopic::Notice, USER), Fact::AddressTaken(AddressTaken { network: network() })),
        (sign_in.clone(), Fact::SignInFailed(failed)),
        (sign_in.clone(), Fact::LockedOut(locked)),
        (sign_in, Fact::LockoutLifted),
        (session.clone(), Fact::SessionStarted(started)),
        (session.clone(), Fact::SessionRefreshed(refreshed)),
        (session.clone(), Fact::SessionReauthenticated(reauthenticated)),
        (session.clone(), Fact::SessionRevoked(SessionRevoked { user_id: USER, cause: EndCause::SignedOut })),
        (session, Fact::SessionReplayDetected(replayed)),
        (role.clone(), Fact::RoleDefined(defined)),
        (role, Fact::RoleRemoved(RoleRemoved { role: desk })),
        (StreamName::export(EventId(Uuid::from_u128(3))), Fact::AuditExported(exported)),
        (StreamName::user(USER), Fact::UserHoldPlaced(UserHoldPlaced { reason: claim })),
        (StreamName::user(USER), Fact::UserHoldLifted),
        (StreamName::retention(), Fact::HoldPlaced(held)),
        (StreamName::retention(), Fact::HoldLifted(HoldLifted { name: case })),
        (StreamName::retention(), Fact::NetworkEnded(NetworkEnded { month: moment().month() })),
        (service.clone(), Fact::ServiceAccountCreated(created)),
        (service.clone(), Fact::ServiceAccountRemoved),
        (service.clone(), Fact::KeyIssued(issued)),
        (service, Fact::KeyRevoked(KeyRevoked { key_id: KEY })),
        (StreamName::key_use(KEY), Fact::KeyUsed(KeyUsed { account_id: SERVICE })),
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
fn who_did_it_is_read_as_it_is_written() {
    let by_key = Actor::Service { account: SERVICE, key: KEY };
    for actor in [Actor::User(USER), by_key, Actor::Anonymous, Actor::System, Actor::Operator] {
        assert_eq!(actor.to_string().parse::<Actor>().expect("an actor"), actor);
    }
    for wrong in
        ["", "user", "user:", "service:", &format!("service:{SERVICE}"), &format!("service:{SERVICE}/")]
    {
        assert!(wrong.parse::<Actor>().is_err(), "{wrong}");
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

#[test]
fn the_facts_that_hold_personal_values_are_those_that_are_sealed_in_parts() {
    for (stream, fact) in facts() {
        let (is_personal, event_type) = (fact.is_personal(), fact.event_type());
        assert_eq!(!write(stream, fact).keys().is_empty(), is_personal, "{event_type}");
    }
}
