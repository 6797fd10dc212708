-- So that nobody has more sessions at once than the policy allows.

-- One row is one session that a person started or is about to start, by the command side; it goes when it is found to be
-- over, or has expired. Whether the session lives is the log's to say.
create table evident_vault.sessions (
    user_id uuid not null,
    session_id uuid not null,
    listed_at_us bigint not null,
    expires_at_us bigint not null,
    primary key (user_id, session_id)
);
create index sessions_expire on evident_vault.sessions (expires_at_us);

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant select, insert, update, delete on evident_vault.sessions to evident_vault_command;
    end if;
end
$$;
