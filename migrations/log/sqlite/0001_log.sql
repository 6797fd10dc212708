-- One row of `records` is one thing that happened: its exact bytes and where they stand. The one writer of an
-- Evident process appends it; nobody changes it. The one row of `log` says which log this is.

create table log (
    only_row integer not null primary key check (only_row = 1),
    log_id   blob    not null check (length(log_id) = 16)
) strict;

-- A random UUID (version 4, RFC 9562 §5.4), for which SQLite has no function.
insert into log (only_row, log_id)
select 1, unhex(
    substr(random, 1, 12) || '4' || substr(random, 14, 3)
    || substr('89AB', 1 + (abs(random()) % 4), 1) || substr(random, 18, 15))
from (select hex(randomblob(16)) as random);

create table records (
    position integer not null primary key,
    stream   text    not null,
    version  integer not null,
    id       blob    not null check (length(id) = 16),
    record   blob    not null,
    constraint records_stream_version_key unique (stream, version),
    constraint records_id_key unique (id)
) strict;

create trigger records_never_change before update on records
begin select raise(abort, 'the log only grows: update of records is refused'); end;

create trigger records_stay before delete on records
begin select raise(abort, 'the log only grows: delete of records is refused'); end;

create trigger log_never_changes before update on log
begin select raise(abort, 'a log keeps its id'); end;

create trigger log_stays before delete on log
begin select raise(abort, 'a log keeps its id'); end;
