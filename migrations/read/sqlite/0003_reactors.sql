-- What reactors keep: no fold over the log. A rebuild or a flip leaves the live file's rows as they are, and nobody reads
-- those of other files. Times are microseconds since 1970.

-- One row is one reactor, and up to where it has taken note of the log. Whoever moves it from where it believed it to be
-- has noted what is between; whoever comes second has not.
create table reactors (
    name text primary key,
    log_id blob not null,
    position integer not null
) strict;

-- One row is one thing that a reactor has yet to do because of one event. Whoever is about to do it says so first, in
-- `attempts` and `due_at_us`, so that of several processes one does; a row goes when it is done. One with
-- `parked_because` is tried no more until somebody says so. Nothing personal stands here.
create table errands (
    reactor text not null,
    event_id blob not null,
    task text not null,
    position integer not null,
    attempts integer not null,
    due_at_us integer not null,
    parked_because text,
    primary key (reactor, event_id, task)
) strict;
create index errands_due on errands (reactor, due_at_us) where parked_because is null;
