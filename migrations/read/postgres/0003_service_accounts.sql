-- Programs that act by themselves.

-- A service account that was not removed, by the projector. `permissions` and `keys` are JSON arrays; a key holds what proves
-- its secret, which was 256 random bits, and never the secret.
create table service_accounts (
    account_id uuid primary key,
    name text not null,
    permissions text not null,
    keys text not null,
    created_at_us bigint not null,
    version bigint not null
);

-- The last day on which a key was used, by the projector, as the moment and the position of the record that says so.
create table key_uses (
    key_id uuid primary key,
    account_id uuid not null,
    used_at_us bigint not null,
    position bigint not null
);
create index key_uses_by_account on key_uses (account_id);

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_read_reader') then
        grant select on service_accounts, key_uses to evident_read_reader;
    end if;
end
$$;
