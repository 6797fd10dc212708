-- The vault: what must never lie in the log, because it must be able to go. Every key is wrapped by the master key.
-- Times are microseconds since 1970. Only command-api writes.

-- One row is one living person's key for address, name and network facts. Deleting it ends them in the log.
create table profile_keys (
    user_id blob primary key,
    wrapped blob not null,
    created_at_us integer not null
) strict, without rowid;

-- One row is one living person's key for password hash and second factors. The query side may not read it.
create table credential_keys (
    user_id blob primary key,
    wrapped blob not null,
    created_at_us integer not null
) strict, without rowid;

-- One row is the key that takes part in all network facts of one month (`2026-11`). Deleting it ends them.
create table month_keys (
    month text primary key,
    wrapped blob not null
) strict, without rowid;

-- One row is one person who is being erased, or was. Rows stay: a vault restored from a backup erases these again.
create table erasures (
    user_id blob primary key,
    begun_at_us integer not null,
    finished_at_us integer
) strict, without rowid;
create index erasures_unfinished on erasures (begun_at_us) where finished_at_us is null;

-- One row is one address, by its keyed hash, and who holds it; unconfirmed until the log knows the holder.
create table addresses (
    address_hash blob primary key,
    user_id blob not null,
    confirmed integer not null,
    claimed_at_us integer not null
) strict, without rowid;

-- One row is the tally of guesses at one address from one source; an empty source is the address as a whole.
-- `seen_at_us` is the newest moment that either tally of the last guess spoke of.
create table sign_in_attempts (
    address_hash blob not null,
    source blob not null,
    failures integer not null,
    locked_until_us integer,
    window_started_us integer not null,
    recorded_in_window integer not null,
    seen_at_us integer not null,
    primary key (address_hash, source)
) strict, without rowid;
create index sign_in_attempts_seen on sign_in_attempts (seen_at_us);

-- One row is one request that carried an idempotency key, by keyed hashes, kept for a day.
create table requests (
    request_key blob primary key,
    body_hash blob not null,
    seed blob not null,
    first_at_us integer not null
) strict, without rowid;
create index requests_first_at on requests (first_at_us);

-- One row is one person who can act as admin, or could, as of a version of their stream.
create table admins (
    user_id blob primary key,
    stream_version integer not null,
    is_admin integer not null
) strict, without rowid;

-- The one row that whoever changes `admins` writes first, so that two withdrawals never pass each other.
create table admins_turn (
    one integer primary key check (one = 1),
    turn integer not null
) strict;
insert into admins_turn (one, turn) values (1, 0);

-- One row is one random key of the server: `index`, `refresh` or `token`.
create table server_keys (
    purpose text primary key,
    wrapped blob not null
) strict, without rowid;

-- One row is one Ed25519 key that signs access tokens; the highest generation is the newest.
create table signing_keys (
    generation integer primary key,
    kid text not null,
    public_key blob not null,
    wrapped blob not null,
    created_at_us integer not null
) strict;
