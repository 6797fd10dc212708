//! One row: from texts to a person, with every flaw that there is.

use super::unfit;
use crate::{
    domain::{DisplayName, MAX_ROLES},
    hashing::{Hasher, Importable},
    input::{Address, display_name},
};
use events::RoleName;
use serde::Deserialize;
use service::problem::FieldError;

/// A row as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    pub(super) email: String,
    #[serde(default)]
    pub(super) email_verified: Option<bool>,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) password_hash: Option<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

/// Somebody to import.
pub(super) struct Person {
    pub(super) email: Address,
    /// What the other system knew; nothing when it did not say.
    pub(super) email_verified: Option<bool>,
    pub(super) display_name: Option<DisplayName>,
    pub(super) hash: Option<Importable>,
    pub(super) roles: Vec<RoleName>,
}

impl Fields {
    /// The person, or all that is wrong with the row. An empty name or hash is none.
    pub(super) fn person(self, hasher: &Hasher) -> Result<Person, Vec<FieldError>> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut errors = Vec::new();
        let email = Address::parse(&self.email)
            .map_err(|flaw| errors.push(FieldError::new("/email", flaw.code, flaw.detail)))
            .ok();
        let name = given(self.display_name).map(|name| display_name(&name)).transpose();
        let name = name
            .map_err(|flaw| errors.push(FieldError::new("/display_name", flaw.code, flaw.detail)))
            .unwrap_or_default();
        let hash = given(self.password_hash).map(|text| hasher.importable(&text)).transpose();
        let hash = hash.unwrap_or_else(|reason| {
            let (code, detail) = unfit(reason);
            errors.push(FieldError::new("/password_hash", code, detail));
            None
        });
        let roles = self.roles.iter().map(|name| name.parse()).collect::<Result<Vec<RoleName>, _>>();
        let roles = roles.ok().filter(|roles| roles.len() <= MAX_ROLES);
        if roles.is_none() {
            let detail = format!("These are not the names of at most {MAX_ROLES} roles.");
            errors.push(FieldError::new("/roles", "role_invalid", detail));
        }
        match (email, roles) {
            (Some(email), Some(roles)) if errors.is_empty() => {
                Ok(Person { email, email_verified: self.email_verified, display_name: name, hash, roles })
            }
            (Some(_) | None, Some(_) | None) => Err(errors),
        }
    }
}
