//! The Open Cybersecurity Schema Framework 1.1.0, as tools that watch over security read it: a JSON object a line.
//!
//! Sign-ins and what becomes of them are Authentication (3002), what becomes of people Account Change (3001), what
//! becomes of roles, service accounts, holds and the history itself Entity Management (3004). What this version of
//! Evident cannot read is a Base Event (0). Activities that a class has no number for are 99, with a name.

use crate::audit::AuditEvent;
use bytes::{BufMut, Bytes, BytesMut};
use events::{Actor, Fact, FailureCause, Record, Version};
use read_models::{AuditRow, Projected};
use serde_json::{Map, Value, json};
use store::log::Stored;

const SCHEMA: &str = "1.1.0";

const INFORMATIONAL: u8 = 1;
const LOW: u8 = 2;
const MEDIUM: u8 = 3;
const HIGH: u8 = 4;

const SUCCESS: u8 = 1;
const FAILURE: u8 = 2;

/// The number for an activity that has none.
const OTHER: u8 = 99;

/// Kinds of users.
const UNKNOWN: u8 = 0;
const USER: u8 = 1;
const ADMIN: u8 = 2;
const SYSTEM: u8 = 3;

type Activity = (u8, &'static str);

const LOGON: Activity = (1, "Logon");
const LOGOFF: Activity = (2, "Logoff");
const CREATE: Activity = (1, "Create");
const READ: Activity = (2, "Read");
const UPDATE: Activity = (3, "Update");
const DELETE: Activity = (4, "Delete");

/// What kind of thing happened, in the words of the schema.
struct Class {
    /// `class_uid`; its thousands are the category.
    uid: u32,
    /// `activity_id` and `activity_name`.
    activity: Activity,
    /// `severity_id`
    severity: u8,
    /// What else the schema has a place for.
    more: Map<String, Value>,
}

/// An object a line.
pub(super) fn lines(page: &[Stored], opened: &[AuditEvent]) -> Result<Bytes, serde_json::Error> {
    let mut lines = BytesMut::new().writer();
    for (stored, event) in page.iter().zip(opened) {
        serde_json::to_writer(&mut lines, &object(stored, event))?;
        lines.get_mut().put_u8(b'\n');
    }
    Ok(lines.into_inner().freeze())
}

fn object(stored: &Stored, event: &AuditEvent) -> Map<String, Value> {
    let record = &stored.record;
    let fact = record.fact(|_, _| None);
    let class = fact.as_ref().map_or_else(|_| Class::new(0, (OTHER, "Unknown")), |fact| class(fact, record));
    let fact = fact.map_err(|error| error.to_string());
    let about = AuditRow::of(&Projected { position: stored.position, record: record.clone(), fact });
    let mut object = fields(json!({
        "activity_id": class.activity.0,
        "activity_name": class.activity.1,
        "category_uid": class.uid / 1_000,
        "class_uid": class.uid,
        "type_uid": class.uid * 100 + u32::from(class.activity.0),
        "severity_id": class.severity,
        "status_id": SUCCESS,
        "time": event.recorded_at.micros() / 1_000,
        "message": event.summary,
        "metadata": {
            "version": SCHEMA,
            "product": {"name": "Evident", "vendor_name": "Evident", "version": env!("CARGO_PKG_VERSION")},
            "uid": event.id,
            "sequence": event.position,
            "event_code": event.r#type,
            "correlation_uid": event.correlation_id,
            "original_time": event.recorded_at.to_string(),
        },
        "actor": actor(record.context.actor),
        "unmapped": {"subject": event.subject, "data": event.data},
    }));
    if let Some(user) = about.user_id {
        object.insert("user".into(), json!({"uid": user.to_string(), "type_id": USER}));
    }
    if let Some(session) = about.session_id {
        object.insert("session".into(), json!({"uid": session.to_string()}));
    }
    if let Some(ip) = event.data.as_ref().and_then(|data| data.get("network")?.get("ip")?.as_str()) {
        object.insert("src_endpoint".into(), json!({"ip": ip}));
    }
    object.extend(class.more);
    object
}

/// Whoever did it. Of a program it is the account, by the key that it showed.
fn actor(actor: Actor) -> Value {
    let user = match actor {
        Actor::User(id) => json!({"uid": id.to_string(), "type_id": USER}),
        Actor::Service { account, key } => {
            json!({"uid": account.to_string(), "credential_uid": key.to_string(), "type_id": SYSTEM})
        }
        Actor::Anonymous => json!({"name": "anonymous", "type_id": UNKNOWN}),
        Actor::System => json!({"name": "system", "type_id": SYSTEM}),
        Actor::Operator => json!({"name": "operator", "type_id": ADMIN}),
    };
    json!({"user": user})
}

fn fields(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

impl Class {
    fn new(uid: u32, activity: Activity) -> Self {
        Self { uid, activity, severity: INFORMATIONAL, more: Map::new() }
    }

    fn with(mut self, field: &str, value: Value) -> Self {
        self.more.insert(field.into(), value);
        self
    }

    fn severe(self, severity: u8) -> Self {
        Self { severity, ..self }
    }
}

/// Authentication. It wants to be told what the person signs in to.
fn authentication(activity: Activity) -> Class {
    Class::new(3002, activity).with("service", json!({"name": "Evident"}))
}

fn signed_in(activity: Activity, by_second_factor: bool) -> Class {
    authentication(activity).with("is_mfa", by_second_factor.into())
}

/// A sign-in that failed; the details are in the schema's own words, where it has any.
fn failed(cause: FailureCause) -> Class {
    let detail = match cause {
        FailureCause::WrongPassword => "INVALID_CREDENTIALS",
        FailureCause::WrongCode => "INVALID_CODE",
        FailureCause::Suspended => "ACCOUNT_DISABLED",
        FailureCause::Deleted => "ACCOUNT_DELETED",
        FailureCause::Unverified => "ADDRESS_UNVERIFIED",
    };
    authentication(LOGON).severe(LOW).with("status_id", FAILURE.into()).with("status_detail", detail.into())
}

/// Account Change.
fn account(activity: Activity) -> Class {
    Class::new(3001, activity)
}

/// Entity Management.
fn entity(activity: Activity, kind: &str, uid: impl ToString) -> Class {
    Class::new(3004, activity).with("entity", json!({"type": kind, "uid": uid.to_string()}))
}

fn class(fact: &Fact, record: &Record) -> Class {
    // What the stream is named after.
    let id = record.stream.as_str().split_once('-').map_or("", |(_, id)| id);
    let begins = record.version == Version::NONE.next();
    match fact {
        Fact::SessionStarted(fact) => signed_in(LOGON, fact.second_factor.is_some()),
        Fact::SessionReauthenticated(fact) => {
            signed_in((OTHER, "Reauthentication"), fact.second_factor.is_some())
        }
        Fact::SecondFactorUsed(_) => signed_in((OTHER, "Second Factor"), true),
        Fact::SessionRefreshed(_) => authentication((OTHER, "Refresh")),
        Fact::SessionRevoked(_) | Fact::SessionsRevoked(_) => authentication(LOGOFF),
        Fact::SessionReplayDetected(_) => authentication(LOGOFF).severe(HIGH),
        Fact::SignInFailed(fact) => failed(fact.cause),
        Fact::UserRegistered(_) | Fact::UserImported(_) => account((1, "Create")),
        Fact::UserReinstated => account((2, "Enable")),
        Fact::PasswordChanged(_) => account((3, "Password Change")),
        Fact::PasswordResetRequested(_) => account((4, "Password Reset")),
        Fact::UserSuspended(_) => account((5, "Disable")),
        Fact::UserDeleted => account((6, "Delete")),
        Fact::RoleGranted(fact) => account((7, "Attach Policy")).with("policy", json!({"name": fact.role})),
        Fact::RoleRevoked(fact) => account((8, "Detach Policy")).with("policy", json!({"name": fact.role})),
        Fact::LockedOut(_) => account((9, "Lock")).severe(MEDIUM),
        Fact::TotpConfirmed(_) => account((10, "MFA Factor Enable")),
        Fact::SecondFactorRemoved => account((11, "MFA Factor Disable")).severe(LOW),
        Fact::LockoutLifted => account((OTHER, "Unlock")),
        Fact::UserErased => account((OTHER, "Erase")),
        Fact::ProfileChanged(_) => account((OTHER, "Profile Change")),
        Fact::PictureChanged(_) | Fact::PictureRemoved => account((OTHER, "Picture Change")),
        Fact::PasswordRehashed(_) => account((OTHER, "Password Rehash")),
        Fact::TotpEnrolled(_) => account((OTHER, "MFA Factor Enrolment")),
        Fact::RecoveryCodesIssued(_) => account((OTHER, "Recovery Codes")),
        Fact::EmailVerified => account((OTHER, "Address Verification")),
        Fact::VerificationRequested(_) => account((OTHER, "Address Verification Request")),
        Fact::EmailChangeRequested(_) => account((OTHER, "Address Change Request")),
        Fact::EmailChanged(_) => account((OTHER, "Address Change")),
        Fact::AddressTaken(_) => account((OTHER, "Registration Of A Known Address")).severe(LOW),
        Fact::UserInvited => account((OTHER, "Invitation")),
        Fact::UserHoldPlaced(_) => account((OTHER, "Legal Hold")),
        Fact::UserHoldLifted => account((OTHER, "End Of Legal Hold")),
        Fact::RoleDefined(fact) if begins => entity(CREATE, "role", &fact.role),
        Fact::RoleDefined(fact) => entity(UPDATE, "role", &fact.role),
        Fact::RoleRemoved(fact) => entity(DELETE, "role", &fact.role),
        Fact::ServiceAccountCreated(_) => entity(CREATE, "service account", id),
        Fact::ServiceAccountRemoved => entity(DELETE, "service account", id),
        Fact::KeyIssued(fact) => entity(CREATE, "API key", fact.key_id),
        Fact::KeyRevoked(fact) => entity(DELETE, "API key", fact.key_id),
        Fact::KeyUsed(_) => entity((OTHER, "Use"), "API key", id),
        Fact::HoldPlaced(fact) => entity(CREATE, "legal hold", &fact.name),
        Fact::HoldLifted(fact) => entity(DELETE, "legal hold", &fact.name),
        Fact::NetworkEnded(fact) => entity(DELETE, "network facts", fact.month),
        Fact::AuditExported(fact) => entity(READ, "history", format!("{}-{}", fact.from, fact.to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sign_in_is_told_in_the_words_of_the_schema() {
        let class = failed(FailureCause::Suspended);
        assert_eq!((class.uid, class.activity, class.severity), (3002, LOGON, LOW));
        assert_eq!(class.more["status_id"], FAILURE);
        assert_eq!(class.more["status_detail"], "ACCOUNT_DISABLED");
    }
}
