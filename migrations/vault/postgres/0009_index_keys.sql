-- Index keys can be replaced: while the directory goes by the hashes of one, those of the next are filled in beside them.

-- One row is one index key: addresses are hashed with it, here and for the devices that people are known by. The newest is
-- the last to have been made; `superseded_at_us` is when the directory left it. Whoever replaces the key writes here.
create table evident_vault.index_keys (
    generation bigint primary key,
    wrapped bytea not null,
    wrapped_by bigint references evident_vault.master_keys (generation),
    superseded_at_us bigint
);

-- The one row that says by which generation's hash an address is found (`reads`: every address has it), and which
-- generation's is filled in beside (`fills`), if any. Whoever claims an address shares it; whoever changes it waits for
-- them, so that no claim goes by what is over.
create table evident_vault.directory (
    one integer primary key check (one = 1),
    reads bigint not null,
    fills bigint
);
insert into evident_vault.directory (one, reads, fills) values (1, 1, null);

-- Hashes of odd generations are in `address_hash`, of even ones in `even_hash`.
alter table evident_vault.addresses
    add column even_hash bytea constraint addresses_even unique,
    add constraint addresses_odd unique (address_hash);
alter table evident_vault.addresses drop constraint addresses_pkey;
alter table evident_vault.addresses
    alter column address_hash drop not null,
    add constraint addresses_hashed check (address_hash is not null or even_hash is not null);

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant select, insert, update, delete on evident_vault.index_keys to evident_vault_command;
        grant select, update on evident_vault.directory to evident_vault_command;
    end if;
end
$$;
