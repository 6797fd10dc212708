-- The vault: what must never lie in the log, because it must be able to go. Every key is wrapped by the master key.
-- Times are microseconds since 1970. Only command-api writes.

-- One row is one living person's key for address, name and network facts. Deleting it ends them in the log.
create table evident_vault.profile_keys (
    user_id uuid primary key,
    wrapped bytea not null,
    created_at_us bigint not null
);

-- One row is one living person's key for password hash and second factors. The query side may not read it.
create table evident_vault.credential_keys (
    user_id uuid primary key,
    wrapped bytea not null,
    created_at_us bigint not null
);

-- One row is the key that takes part in all network facts of one month (`2026-11`). Deleting it ends them.
create table evident_vault.month_keys (
    month text primary key,
    wrapped bytea not null
);

-- One row is one person who is being erased, or was. Rows stay: a vault restored from a backup erases these again.
create table evident_vault.erasures (
    user_id uuid primary key,
    begun_at_us bigint not null,
    finished_at_us bigint
);
create index erasures_unfinished on evident_vault.erasures (begun_at_us) where finished_at_us is null;

-- One row is one address, by its keyed hash, and who holds it; unconfirmed until the log knows the holder.
create table evident_vault.addresses (
    address_hash bytea primary key,
    user_id uuid not null,
    confirmed boolean not null,
    claimed_at_us bigint not null
);

-- One row is the tally of guesses at one address from one source; an empty source is the address as a whole.
-- `seen_at_us` is the newest moment that either tally of the last guess spoke of.
create table evident_vault.sign_in_attempts (
    address_hash bytea not null,
    source bytea not null,
    failures bigint not null,
    locked_until_us bigint,
    window_started_us bigint not null,
    recorded_in_window bigint not null,
    seen_at_us bigint not null,
    primary key (address_hash, source)
) with (fillfactor = 50);
create index sign_in_attempts_seen on evident_vault.sign_in_attempts (seen_at_us);

-- One row is one request that carried an idempotency key, by keyed hashes, kept for a day.
create table evident_vault.requests (
    request_key bytea primary key,
    body_hash bytea not null,
    seed bytea not null,
    first_at_us bigint not null
);
create index requests_first_at on evident_vault.requests (first_at_us);

-- One row is one person who can act as admin, or could, as of a version of their stream.
create table evident_vault.admins (
    user_id uuid primary key,
    stream_version bigint not null,
    is_admin boolean not null
);

-- The one row that whoever changes `admins` writes first, so that two withdrawals never pass each other.
create table evident_vault.admins_turn (
    one integer primary key check (one = 1),
    turn bigint not null
) with (fillfactor = 10);
insert into evident_vault.admins_turn (one, turn) values (1, 0);

-- One row is one random key of the server: `index`, `refresh` or `token`.
create table evident_vault.server_keys (
    purpose text primary key,
    wrapped bytea not null
);
-- Who may read the refresh key can forge sessions, so readers see the others only. The owner sees every row.
alter table evident_vault.server_keys enable row level security;

-- One row is one Ed25519 key that signs access tokens; the highest generation is the newest.
create table evident_vault.signing_keys (
    generation bigint primary key,
    kid text not null,
    public_key bytea not null,
    wrapped bytea not null,
    created_at_us bigint not null
);

-- Two roles to grant to the services' logins: command-api is `evident_vault_command`; projector and query-api are
-- `evident_vault_reader`, which can never learn a credential, a refresh key or a private signing key. Roles belong to
-- the whole server, so another vault may have made them, just now; and the migration may not be allowed to.
do $$
declare
    missing text;
begin
    foreach missing in array array['evident_vault_command', 'evident_vault_reader'] loop
        begin
            execute format('create role %I nologin', missing);
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise notice 'role % was not made: no privilege; make it and grant as this migration does', missing;
        end;
    end loop;

    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant usage on schema evident_vault to evident_vault_command;
        grant select, insert, update, delete on all tables in schema evident_vault to evident_vault_command;
        create policy command on evident_vault.server_keys to evident_vault_command using (true) with check (true);
    end if;

    if exists (select from pg_roles where rolname = 'evident_vault_reader') then
        grant usage on schema evident_vault to evident_vault_reader;
        grant select on evident_vault.migrations, evident_vault.profile_keys, evident_vault.month_keys,
            evident_vault.server_keys to evident_vault_reader;
        grant select (generation, kid, public_key, created_at_us) on evident_vault.signing_keys to evident_vault_reader;
        create policy reader on evident_vault.server_keys for select to evident_vault_reader
            using (purpose in ('index', 'token'));
    end if;
end
$$;
