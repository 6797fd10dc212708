//! Bringing people along from another system, row by row.
//!
//! `rows` reads a file piece by piece, an array by way of `elements`; `row` makes a person of one; here each is brought to be, many at once so that the
//! log's writer has something to gather. A row is done whole or not at all, and a file may be read again: a person's id
//! follows from the log and the address, so who is there already is left alone, also who was erased since.

mod elements;
mod error;
mod row;
mod rows;

pub use error::ImportError;
pub use rows::ImportFormat;
pub(crate) use rows::{Row, Rows};

use crate::{
    App,
    command::Asked,
    domain::{self, Granter, Newcomer, Refusal, Role, User},
    failure::Failure,
    hashing::{Importable, Unfit},
    ids::Ids,
    input::{Address, directory_key},
};
use events::{Actor, Network, Permission, Position, RoleName, Timestamp, UserId, Version};
use futures_util::{StreamExt, TryStreamExt, stream};
use row::Person;
use service::problem::{Code, FieldError};
use std::{collections::BTreeSet, io::Read};
use store::vault::Scope;

/// How many rows are under way at once.
const AT_ONCE: usize = 64;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOutcome {
    /// Where the row begins in its file: a line, counted from 1.
    pub line: u64,
    /// What became of it.
    pub imported: Imported,
    /// Of the last record of the person whom it is about.
    pub(crate) position: Position,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// Somebody came to be; in a dry run, they would.
    Done(UserId),
    /// They had been imported before.
    Present(UserId),
    /// Nothing happened, for each of these reasons. Pointers are `/` and a column's name.
    Refused(Vec<FieldError>),
}

/// In whose name people are imported, and how.
pub(crate) struct Importing<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) permissions: &'a BTreeSet<Permission>,
    pub(crate) network: Option<Network>,
    /// Everything is looked at, and nobody comes to be.
    pub(crate) dry_run: bool,
}

/// Imports the people in a file, at an operator's wish, and tells what became of each row, in the order of the file.
///
/// # Errors
///
/// When the file cannot be read on, or a store does not answer. The rows that were told of are done, and the same file
/// can be imported again.
pub async fn import_users(
    app: &App,
    file: impl Read + Send,
    format: ImportFormat,
    dry_run: bool,
    mut tell: impl FnMut(&RowOutcome),
) -> Result<(), ImportError> {
    let asked = Asked::by_machine(app, Actor::Operator);
    let permissions = Permission::ALL.into_iter().collect();
    let importing = Importing { asked: &asked, permissions: &permissions, network: None, dry_run };
    let rows = Rows::open(file, format)?.enumerate();
    let under_way = stream::iter(rows).map(async |(n, row)| {
        let outcome = app.import_row(&importing, n, row?).await;
        outcome
            .map_err(|failure| ImportError::Stopped { away: failure.is_outage(), cause: failure.to_string() })
    });
    let mut outcomes = under_way.buffered(AT_ONCE);
    while let Some(outcome) = outcomes.try_next().await? {
        tell(&outcome);
    }
    Ok(())
}

impl App {
    /// Imports many at once, and answers in their order.
    pub(crate) async fn import_rows(
        &self,
        importing: &Importing<'_>,
        rows: Vec<Row>,
    ) -> Result<Vec<RowOutcome>, Failure> {
        let under_way = rows.into_iter().enumerate().map(|(n, row)| self.import_row(importing, n, row));
        stream::iter(under_way).buffered(AT_ONCE).try_collect().await
    }

    async fn import_row(&self, importing: &Importing<'_>, n: usize, row: Row) -> Result<RowOutcome, Failure> {
        let line = row.line;
        let refused =
            |errors| RowOutcome { line, imported: Imported::Refused(errors), position: Position::START };
        let person = match row.fields.and_then(|fields| fields.person(&self.hasher)) {
            Ok(person) => person,
            Err(errors) => return Ok(refused(errors)),
        };
        match self.import_person(importing, n, person).await? {
            Ok((imported, position)) => Ok(RowOutcome { line, imported, position }),
            Err(error) => Ok(refused(vec![error])),
        }
    }

    async fn import_person(
        &self,
        importing: &Importing<'_>,
        n: usize,
        Person { email, email_verified, display_name, hash, roles }: Person,
    ) -> Result<Result<(Imported, Position), FieldError>, Failure> {
        let asked = importing.asked.nth(n);
        let id = self.imported_id(&email);
        let before = self.user(id, Some(Scope::Profiles), Some(&asked.ids)).await?;
        if before.done {
            return Ok(Ok((Imported::Done(id), before.position)));
        }
        if before.version != Version::NONE {
            return Ok(Ok((Imported::Present(id), before.position)));
        }
        if !roles.is_empty() && !importing.permissions.contains(&Permission::RolesWrite) {
            return Ok(Err(FieldError::new("/roles", "role_forbidden", "Giving roles needs roles:write.")));
        }
        let roles = self.roles(roles).await?;
        let granter = Granter { permissions: importing.permissions, is_subject: false };
        let (hash, template) = match hash {
            Some(Importable { hash, template }) => (Some(hash), template),
            None => (None, None),
        };
        let (email, network) = (email.into_value(), importing.network.clone());
        let newcomer = Newcomer { email, display_name, password_hash: hash, network };
        if importing.dry_run {
            return self.would_import(newcomer, id, &before.state, &roles, &granter).await;
        }
        if let Some(template) = template {
            self.note_decoy(&template).await?;
        }
        let rule = |user: &User, newcomer| domain::import(user, newcomer, email_verified, &roles, &granter);
        match self.bring_to_be(&asked, id, newcomer, rule).await {
            Ok(decided) => Ok(Ok((Imported::Done(id), decided.position()))),
            // Another import of the same person was faster.
            Err(failure) if failure.code() == Code::Conflict => {
                Ok(Ok((Imported::Present(id), Position::START)))
            }
            Err(failure) if failure.is_refusal() && !failure.is_outage() => refusal(failure),
            Err(failure) => Err(failure),
        }
    }

    /// What would become of somebody, as far as that can be told without doing it.
    async fn would_import(
        &self,
        newcomer: Newcomer,
        id: UserId,
        user: &User,
        roles: &[(RoleName, Role)],
        granter: &Granter<'_>,
    ) -> Result<Result<(Imported, Position), FieldError>, Failure> {
        let address = directory_key(newcomer.email.as_str());
        // What is known of the address decides nothing about whether they may come.
        if let Err(refused) = domain::import(user, newcomer, None, roles, granter) {
            return refusal(refused.into());
        }
        match self.vault.find_address(&address).await? {
            Some(claim) if claim.user != id && self.holds(&address, &claim).await? => {
                refusal(Refusal::EmailTaken.into())
            }
            Some(_) | None => Ok(Ok((Imported::Done(id), Position::START))),
        }
    }

    /// The id of whoever is imported under this address: the same each time, and to nobody without the vault's key a
    /// trace of the address.
    fn imported_id(&self, address: &Address) -> UserId {
        let log = self.log.id();
        let hash = self.vault.keyed_hash("imported user", &[log.0.as_bytes(), address.key().as_bytes()]);
        let mut seed = [0; 16];
        seed.copy_from_slice(&hash[..16]);
        Ids::new(seed, Timestamp::default()).user()
    }
}

/// The reason that stands beside a row, for the refusals that a row can meet.
fn refusal<T>(failure: Failure) -> Result<Result<T, FieldError>, Failure> {
    let (pointer, code, detail) = if failure.code() == Code::EmailTaken {
        ("/email", "email_taken", "Somebody has this address already.")
    } else if failure.code() == Code::RoleUnknown {
        ("/roles", "role_unknown", "There is no such role.")
    } else if failure.code() == Code::Forbidden {
        ("/roles", "role_above_own", "The role permits more than whoever imports may do.")
    } else {
        return Err(failure);
    };
    Ok(Err(FieldError::new(pointer, code, detail)))
}

/// Why a hash is refused.
pub(crate) fn unfit(unfit: Unfit) -> (&'static str, &'static str) {
    match unfit {
        Unfit::Unsupported => (
            "password_hash_unsupported",
            "This is no hash in a form that is read here: bcrypt, scrypt, PBKDF2 or Argon2.",
        ),
        Unfit::TooCostly => (
            "password_hash_too_costly",
            "Checking a password against this hash would cost too much; leave it out and have a new one chosen.",
        ),
    }
}
