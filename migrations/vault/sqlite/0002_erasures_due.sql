-- Erasures are due at a time. What `erasures` held unfinished moves here; from now on a row there is a person erased.

-- One row is one command that will have a person erased, noted by command-api before the log hears of it. With
-- `if_deleted` it closes an account, and the erasure is due once the delay after that has run out; without, at once.
create table erasures_due (
    intent blob primary key,
    user_id blob not null,
    if_deleted integer not null,
    due_at_us integer not null
) strict, without rowid;
create index erasures_due_at on erasures_due (due_at_us, intent);
create index erasures_due_user on erasures_due (user_id);

-- Which of the two a row was, nobody noted. Taken for the milder one, it erases nobody before their time.
insert into erasures_due (intent, user_id, if_deleted, due_at_us)
select user_id, user_id, 1, begun_at_us from erasures where finished_at_us is null;
delete from erasures where finished_at_us is null;
drop index erasures_unfinished;
