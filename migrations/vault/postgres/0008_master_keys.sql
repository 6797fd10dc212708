-- Master keys can be replaced: what is wrapped says by which one.

-- One row is one master key that something here is wrapped by, or may be, by its id; the key itself is in no database. The
-- highest generation wraps what is new. Whoever replaces the key adds a row, and takes away those that nothing refers to.
create table evident_vault.master_keys (
    generation bigint primary key,
    key_id text not null unique
);

-- Which one wrapped it; null where that was before keys had names. A key that something refers to cannot be taken off the
-- list, and nothing can be wrapped by one that is off it.
alter table evident_vault.profile_keys add column wrapped_by bigint references evident_vault.master_keys (generation);
alter table evident_vault.credential_keys add column wrapped_by bigint references evident_vault.master_keys (generation);
alter table evident_vault.month_keys add column wrapped_by bigint references evident_vault.master_keys (generation);
alter table evident_vault.server_keys add column wrapped_by bigint references evident_vault.master_keys (generation);
alter table evident_vault.signing_keys add column wrapped_by bigint references evident_vault.master_keys (generation);

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant select, insert, delete on evident_vault.master_keys to evident_vault_command;
    end if;
    -- Ids tell a reader that a key is missing, and nothing else.
    if exists (select from pg_roles where rolname = 'evident_vault_reader') then
        grant select on evident_vault.master_keys to evident_vault_reader;
    end if;
end
$$;
