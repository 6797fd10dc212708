-- One row is one kind and cost of the password hashes that imported people came with, as a hash that nobody has a password
-- for, and when such a one last came. command-api writes it, and checks guesses at addresses that nobody has against it.
create table evident_vault.foreign_hashes (
    template text primary key,
    noted_at_us bigint not null
);

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant select, insert, update, delete on evident_vault.foreign_hashes to evident_vault_command;
    end if;
end
$$;
