//! The rows of the read models, written into empty tables of the same shape by bare bulk upserts: nothing is followed,
//! opened, decoded or folded. Reading them from the filled tables does not count.

use crate::Outcome;
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Rows in one transaction; the projector's batches are about as large.
const BATCH: i64 = 2_000;

type AuditRow = (i64, Uuid, String, i64, String, String, Option<Uuid>, Option<Uuid>, String);
type SessionRow = (Uuid, Uuid, i64, i64, i64, i64, Option<i64>, Option<i64>, Option<String>, Option<String>);
type UserRow = (
    Uuid,
    Option<String>,
    Option<String>,
    bool,
    String,
    String,
    i64,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    Option<Uuid>,
    String,
    String,
);

const READ_AUDIT: &str = "select * from audit_events order by position limit $1 offset $2";
const READ_SESSIONS: &str = "select * from sessions order by session_id limit $1 offset $2";
const READ_USERS: &str = "select * from users order by user_id limit $1 offset $2";

const WRITE_AUDIT: &str = "
    insert into audit_events
    select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::uuid[],
        $8::uuid[], $9::text[])
    on conflict (position) do nothing";

const WRITE_SESSIONS: &str = "
    insert into sessions
    select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::text[], $10::text[])
    on conflict (session_id) do update set refreshed_at_us = excluded.refreshed_at_us, ip = excluded.ip,
        user_agent = excluded.user_agent";

const WRITE_USERS: &str = "
    insert into users
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::text[], $14::text[])
    on conflict (user_id) do update set updated_at_us = excluded.updated_at_us, version = excluded.version";

/// Binds each named column of the rows as one array.
macro_rules! bind_columns {
    ($statement:expr, $rows:ident, $($column:tt)+) => {
        sqlx::query($statement)$(.bind($rows.iter().map(|row| row.$column.clone()).collect::<Vec<_>>()))+
    };
}

/// Writes every page of one table; how long the writing took.
macro_rules! copy_table {
    ($from:ident, $to:ident, $row:ty, $read:ident, $write:ident, $($column:tt)+) => {{
        let (mut took, mut offset) = (Duration::ZERO, 0);
        loop {
            let rows: Vec<$row> = sqlx::query_as($read).bind(BATCH).bind(offset).fetch_all(&mut $from).await?;
            if rows.is_empty() {
                break took;
            }
            let started = Instant::now();
            bind_columns!($write, rows, $($column)+).execute(&mut $to).await?;
            took += started.elapsed();
            offset += BATCH;
        }
    }};
}

/// How long the rows of `filled` take to be written into the empty, migrated tables of `empty` on PostgreSQL.
pub(crate) async fn postgres(filled: &str, empty: &str) -> Outcome<Duration> {
    let (mut from, mut to) = (PgConnection::connect(filled).await?, PgConnection::connect(empty).await?);
    for connection in [&mut from, &mut to] {
        // The projector does not wait for the disk either: its rows and its checkpoint are lost together or not at all.
        sqlx::raw_sql("set search_path = evident_read; set synchronous_commit = off")
            .execute(connection)
            .await?;
    }
    let audit = copy_table!(from, to, AuditRow, READ_AUDIT, WRITE_AUDIT, 0 1 2 3 4 5 6 7 8);
    let sessions = copy_table!(from, to, SessionRow, READ_SESSIONS, WRITE_SESSIONS, 0 1 2 3 4 5 6 7 8 9);
    let users = copy_table!(from, to, UserRow, READ_USERS, WRITE_USERS, 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
    Ok(audit + sessions + users)
}

const DUMP_AUDIT: &str = "
    select json_group_array(json_array(position, hex(event_id), event_type, recorded_at_us, actor, subject, hex(user_id),
        hex(session_id), correlation_id)), count(*)
    from (select * from audit_events order by position limit $1 offset $2)";
const LOAD_AUDIT: &str = "
    insert into audit_events
    select value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5, unhex(value ->> 6),
        unhex(value ->> 7), value ->> 8
    from json_each($1) where true on conflict do nothing";

const DUMP_SESSIONS: &str = "
    select json_group_array(json_array(hex(session_id), hex(user_id), started_at_us, started_position, refreshed_at_us,
        expires_at_us, ended_at_us, ended_position, ip, user_agent)), count(*)
    from (select * from sessions order by session_id limit $1 offset $2)";
const LOAD_SESSIONS: &str = "
    insert into sessions (session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us,
        ended_at_us, ended_position, ip, user_agent)
    select unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
        value ->> 7, value ->> 8, value ->> 9
    from json_each($1) where true
    on conflict do update set refreshed_at_us = excluded.refreshed_at_us, ip = excluded.ip";

const DUMP_USERS: &str = "
    select json_group_array(json_array(hex(user_id), email, display_name, email_verified, status, roles, created_at_us,
        updated_at_us, version, access_changed_at_us, revoked_before, hex(revoked_except), search, email_order)), count(*)
    from (select * from users order by user_id limit $1 offset $2)";
const LOAD_USERS: &str = "
    insert into users (user_id, email, display_name, email_verified, status, roles, created_at_us, updated_at_us,
        version, access_changed_at_us, revoked_before, revoked_except, search, email_order)
    select unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
        value ->> 8, value ->> 9, value ->> 10, unhex(value ->> 11), value ->> 12, value ->> 13
    from json_each($1) where true
    on conflict do update set updated_at_us = excluded.updated_at_us, version = excluded.version";

/// How long the rows of `filled` take to be written into the empty, migrated tables of `empty` on SQLite.
pub(crate) async fn sqlite(filled: &str, empty: &str) -> Outcome<Duration> {
    let (mut from, mut to) =
        (SqliteConnection::connect(filled).await?, SqliteConnection::connect(empty).await?);
    sqlx::raw_sql("pragma synchronous = normal").execute(&mut to).await?;
    let mut took = Duration::ZERO;
    for (dump, load) in [(DUMP_AUDIT, LOAD_AUDIT), (DUMP_SESSIONS, LOAD_SESSIONS), (DUMP_USERS, LOAD_USERS)] {
        let mut offset = 0;
        loop {
            let (page, rows): (String, i64) =
                sqlx::query_as(dump).bind(BATCH).bind(offset).fetch_one(&mut from).await?;
            if rows == 0 {
                break;
            }
            let started = Instant::now();
            sqlx::query(load).bind(page).execute(&mut to).await?;
            took += started.elapsed();
            offset += BATCH;
        }
    }
    Ok(took)
}
