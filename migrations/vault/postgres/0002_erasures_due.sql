-- Erasures are due at a time. What `erasures` held unfinished moves here; from now on a row there is a person erased.

-- One row is one command that will have a person erased, noted by command-api before the log hears of it. With
-- `if_deleted` it closes an account, and the erasure is due once the delay after that has run out; without, at once.
create table evident_vault.erasures_due (
    intent uuid primary key,
    user_id uuid not null,
    if_deleted boolean not null,
    due_at_us bigint not null
);
create index erasures_due_at on evident_vault.erasures_due (due_at_us, intent);
create index erasures_due_user on evident_vault.erasures_due (user_id);

-- Which of the two a row was, nobody noted. Taken for the milder one, it erases nobody before their time.
insert into evident_vault.erasures_due (intent, user_id, if_deleted, due_at_us)
select user_id, user_id, true, begun_at_us from evident_vault.erasures where finished_at_us is null;
delete from evident_vault.erasures where finished_at_us is null;
drop index evident_vault.erasures_unfinished;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_command') then
        grant select, insert, update, delete on evident_vault.erasures_due to evident_vault_command;
    end if;
end
$$;
