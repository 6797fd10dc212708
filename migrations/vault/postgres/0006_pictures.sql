-- One row is one picture of a living person, sealed under their profile key; the log says which of them is theirs now.
-- Erasing the person deletes their key, and their pictures with it. command-api writes, query-api reads.
create table evident_vault.pictures (
    user_id uuid not null references evident_vault.profile_keys (user_id) on delete cascade,
    picture_id uuid not null,
    sealed bytea not null,
    kept_at_us bigint not null,
    primary key (user_id, picture_id)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant select, insert, update, delete on evident_vault.pictures to evident_vault_command;
    end if;
    if exists (select from pg_roles where rolname = 'evident_vault_reader') then
        grant select on evident_vault.pictures to evident_vault_reader;
    end if;
end
$$;
