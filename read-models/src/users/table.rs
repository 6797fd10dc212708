//! How people are kept: their rows of one batch, loaded, folded, written back at once.

use super::{UserRow, UserStatus};
use crate::{
    Happened, ReadModelsError, RevokedSessions, Unfoldable,
    columns::{self, hex_ids, json, signed},
    insert::{Values, Write, insert, write},
    transaction::Tx,
};
use events::{SessionId, UserId};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const TABLE: &str = "users";

const LOAD_POSTGRES: &str = "
    select user_id, email, display_name, email_verified, status, roles, created_at_us, updated_at_us, version,
        access_changed_at_us, revoked_before, revoked_except, search, email_order, second_factor, picture
    from users where user_id = any($1)";

const LOAD_SQLITE: &str = "
    select user_id, email, display_name, email_verified, status, roles, created_at_us, updated_at_us, version,
        access_changed_at_us, revoked_before, revoked_except, search, email_order, second_factor, picture
    from users where user_id in (select unhex(value) from json_each($1))";

const WRITE: Write = write!(
    "insert into users (user_id, email, display_name, email_verified, status, roles, created_at_us, updated_at_us,
        version, access_changed_at_us, revoked_before, revoked_except, search, email_order, second_factor, picture)",
    "$1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::text[], $14::text[], $15::boolean[],
        $16::text[]",
    "on conflict (user_id) do update set
        email = excluded.email, display_name = excluded.display_name, email_verified = excluded.email_verified,
        status = excluded.status, roles = excluded.roles, updated_at_us = excluded.updated_at_us,
        version = excluded.version, access_changed_at_us = excluded.access_changed_at_us,
        revoked_before = excluded.revoked_before, revoked_except = excluded.revoked_except,
        search = excluded.search, email_order = excluded.email_order, second_factor = excluded.second_factor,
        picture = excluded.picture"
);

/// What sorts behind every address: no text has a greater letter.
pub(super) const NO_ADDRESS: &str = "\u{10ffff}";

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
pub(crate) struct Columns {
    user_id: Uuid,
    email: Option<String>,
    display_name: Option<String>,
    email_verified: bool,
    status: String,
    roles: String,
    created_at_us: i64,
    updated_at_us: i64,
    version: i64,
    access_changed_at_us: Option<i64>,
    revoked_before: Option<i64>,
    revoked_except: Option<Uuid>,
    search: String,
    email_order: String,
    second_factor: bool,
    picture: Option<String>,
    /// Not in the table: questions look it up.
    #[sqlx(default)]
    last_login_at_us: Option<i64>,
}

/// The people of one batch.
#[derive(Debug, Default)]
pub(crate) struct Users {
    rows: HashMap<UserId, Option<UserRow>>,
}

impl Users {
    /// Loads the rows that facts of this batch change. Those of people who come to be in it need no loading.
    pub(crate) async fn load(tx: &mut Tx, ids: &[Uuid]) -> Result<Self, ReadModelsError> {
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let found: Vec<Columns> = match tx {
            Tx::Sqlite(sqlite) => {
                sqlx::query_as(LOAD_SQLITE).bind(hex_ids(ids)?).fetch_all(&mut **sqlite).await?
            }
            Tx::Postgres(postgres) => {
                sqlx::query_as(LOAD_POSTGRES).bind(ids).fetch_all(&mut **postgres).await?
            }
        };
        let rows = found.into_iter().map(|row| {
            let row = UserRow::try_from(row)?;
            Ok((row.user_id, Some(row)))
        });
        Ok(Self { rows: rows.collect::<Result<_, ReadModelsError>>()? })
    }

    pub(crate) fn apply(&mut self, id: UserId, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        UserRow::apply(self.rows.entry(id).or_default(), id, happened)
    }

    /// Writes every row back, in the order of the ids, because they are in the order of time.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        let rows = self.rows.into_values().flatten().map(Columns::try_from);
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_unstable_by_key(|row| row.user_id);
        match tx {
            Tx::Sqlite(sqlite) => {
                insert(sqlite, &WRITE, &rows, Columns::push).await?;
            }
            Tx::Postgres(postgres) => {
                macro_rules! column {
                    ($field:ident) => {
                        rows.iter().map(|row| &row.$field).collect::<Vec<_>>()
                    };
                }
                sqlx::query(WRITE.postgres)
                    .bind(column!(user_id))
                    .bind(column!(email))
                    .bind(column!(display_name))
                    .bind(column!(email_verified))
                    .bind(column!(status))
                    .bind(column!(roles))
                    .bind(column!(created_at_us))
                    .bind(column!(updated_at_us))
                    .bind(column!(version))
                    .bind(column!(access_changed_at_us))
                    .bind(column!(revoked_before))
                    .bind(column!(revoked_except))
                    .bind(column!(search))
                    .bind(column!(email_order))
                    .bind(column!(second_factor))
                    .bind(column!(picture))
                    .execute(&mut **postgres)
                    .await?;
            }
        }
        Ok(())
    }
}

impl Columns {
    /// In the order of the statement.
    fn push(values: &mut Values<'_>, row: &Self) {
        values
            .push_bind(row.user_id)
            .push_bind(&row.email)
            .push_bind(&row.display_name)
            .push_bind(row.email_verified)
            .push_bind(&row.status)
            .push_bind(&row.roles)
            .push_bind(row.created_at_us)
            .push_bind(row.updated_at_us)
            .push_bind(row.version)
            .push_bind(row.access_changed_at_us)
            .push_bind(row.revoked_before)
            .push_bind(row.revoked_except)
            .push_bind(&row.search)
            .push_bind(&row.email_order)
            .push_bind(row.second_factor)
            .push_bind(&row.picture);
    }
}

impl TryFrom<UserRow> for Columns {
    type Error = ReadModelsError;

    fn try_from(row: UserRow) -> Result<Self, ReadModelsError> {
        let known_by = [row.email.as_deref(), row.display_name.as_deref()];
        let search = known_by.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase();
        Ok(Self {
            user_id: row.user_id.0,
            email_order: row.email.clone().unwrap_or_else(|| NO_ADDRESS.to_owned()),
            email: row.email,
            display_name: row.display_name,
            email_verified: row.email_verified,
            status: row.status.as_str().to_owned(),
            roles: json(&row.roles)?,
            created_at_us: row.created_at.micros(),
            updated_at_us: row.updated_at.micros(),
            version: signed(row.version.0),
            access_changed_at_us: row.access_changed_at.map(|at| at.micros()),
            revoked_before: row.revoked.map(|revoked| signed(revoked.before.0)),
            revoked_except: row.revoked.and_then(|revoked| revoked.except).map(|id| id.0),
            search,
            second_factor: row.second_factor,
            picture: row.picture,
            last_login_at_us: None,
        })
    }
}

impl TryFrom<Columns> for UserRow {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        let before = row.revoked_before.map(|before| columns::position(TABLE, before)).transpose()?;
        let except = row.revoked_except.map(SessionId);
        Ok(Self {
            user_id: UserId(row.user_id),
            email: row.email,
            display_name: row.display_name,
            email_verified: row.email_verified,
            second_factor: row.second_factor,
            picture: row.picture,
            status: UserStatus::from_text(&row.status).ok_or_else(|| columns::corrupt(TABLE, &row.status))?,
            roles: columns::list(TABLE, &row.roles)?,
            created_at: columns::time(row.created_at_us),
            updated_at: columns::time(row.updated_at_us),
            last_login_at: row.last_login_at_us.map(columns::time),
            version: columns::version(TABLE, row.version)?,
            access_changed_at: row.access_changed_at_us.map(columns::time),
            revoked: before.map(|before| RevokedSessions { before, except }),
        })
    }
}
