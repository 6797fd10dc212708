//! A record as people read it.

use crate::app::App;
use events::{Group, KeyName, Position, Record, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::{
    log::Stored,
    vault::{Keyring, Scope, VaultError},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::summary::summary;

/// What proves a key: it opens nothing, and nobody has to see it.
const SECRET_HASH: &str = "secret_hash";

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    /// Its place in the whole log.
    pub(super) position: u64,
    /// Its id.
    pub(super) id: Uuid,
    /// What happened, and the version of its form.
    pub(super) r#type: String,
    /// The moment that the deciding service saw on its clock.
    #[schema(value_type = String, format = DateTime)]
    pub(super) recorded_at: Timestamp,
    /// Who did it: `user:{id}`, `service:{account}/{key}`, `anonymous`, `system` or `operator`.
    pub(super) actor: String,
    /// The stream that it belongs to: to whom or what it happened.
    pub(super) subject: String,
    /// The request that it came from.
    pub(super) correlation_id: String,
    /// What happened, in a few words.
    pub(super) summary: String,
    /// All that it says. A sealed field stands open while its key lives, else it is `{"erased": true}`; what proves
    /// people to be themselves is always `{"withheld": true}`. Null when this version cannot read it.
    #[schema(value_type = Option<Object>)]
    pub(super) data: Option<Map<String, Value>>,
}

impl AuditEvent {
    /// Its place in the whole log.
    pub(crate) fn position(&self) -> Position {
        Position(self.position)
    }
}

/// Opens a page of records with one visit to the vault.
pub(crate) async fn opened(app: &App, page: &[Stored]) -> Result<Vec<AuditEvent>, VaultError> {
    let names: Vec<KeyName> = page.iter().flat_map(|stored| stored.record.keys()).collect();
    let keyring = app.vault().keyring(&names, Scope::Profiles).await?;
    Ok(page.iter().map(|stored| item(stored.position, &stored.record, &keyring)).collect())
}

fn item(position: Position, record: &Record, keyring: &Keyring) -> AuditEvent {
    AuditEvent {
        position: position.0,
        id: record.id.0,
        r#type: record.event_type.clone(),
        recorded_at: record.time,
        actor: record.context.actor.to_string(),
        subject: record.stream.to_string(),
        correlation_id: record.context.correlation_id.clone(),
        summary: record.fact(|_, _| None).map_or_else(|error| error.to_string(), |fact| summary(&fact)),
        data: shown(record, keyring),
    }
}

fn shown(record: &Record, keyring: &Keyring) -> Option<Map<String, Value>> {
    let mut data = record.data(|context, ciphertext| keyring.open(context, ciphertext)).ok()?;
    for (field, value) in &mut data {
        if Group::of_field(field) == Some(Group::Credential) || field == SECRET_HASH {
            *value = json!({"withheld": true});
        }
    }
    Some(data)
}
