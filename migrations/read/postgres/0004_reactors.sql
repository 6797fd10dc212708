-- What reactors keep: no fold over the log, and so in a schema of their own, which a rebuild or a flip leaves as it is.
-- Connections find it behind the read models' own schema on their search path. Times are microseconds since 1970.
create schema if not exists evident_reactors;

-- One row is one reactor, and up to where it has taken note of the log. Whoever moves it from where it believed it to be
-- has noted what is between; whoever comes second has not.
create table if not exists evident_reactors.reactors (
    name text collate "C" primary key,
    log_id uuid not null,
    position bigint not null
);

-- One row is one thing that a reactor has yet to do because of one event. Whoever is about to do it says so first, in
-- `attempts` and `due_at_us`, so that of several processes one does; a row goes when it is done. One with
-- `parked_because` is tried no more until somebody says so. Nothing personal stands here.
create table if not exists evident_reactors.errands (
    reactor text collate "C" not null,
    event_id uuid not null,
    task text collate "C" not null,
    position bigint not null,
    attempts bigint not null,
    due_at_us bigint not null,
    parked_because text,
    primary key (reactor, event_id, task)
);
create index if not exists errands_due on evident_reactors.errands (reactor, due_at_us) where parked_because is null;
