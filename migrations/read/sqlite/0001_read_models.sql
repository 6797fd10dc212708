-- Every table is a fold over the log, written by the projector alone, and may be dropped and rebuilt at any time.
-- The live tables are one file; those beside them are files of their own.
-- Times are microseconds since 1970.

-- The one row says up to where, and of which log, the tables are the fold. It moves with every batch.
create table checkpoint (
    only_row integer primary key check (only_row = 1),
    log_id blob,
    position integer not null,
    newest_us integer not null
) strict;
insert into checkpoint (only_row, position, newest_us) values (1, 0, 0);

-- A person. `roles` is a JSON array of names in their order. `search` is address and name in lower case; `email_order`
-- is the address, or what sorts behind every address.
create table users (
    user_id blob primary key,
    email text,
    display_name text,
    email_verified integer not null,
    status text not null,
    roles text not null,
    created_at_us integer not null,
    updated_at_us integer not null,
    version integer not null,
    access_changed_at_us integer,
    revoked_before integer,
    revoked_except blob,
    search text not null,
    email_order text not null
) strict;
create index users_by_age on users (created_at_us, user_id);
create index users_by_email on users (email_order, user_id);
create index users_by_change on users (access_changed_at_us) where access_changed_at_us is not null;

-- One sign-in. Rows stay after the session has ended.
create table sessions (
    session_id blob primary key,
    user_id blob not null,
    started_at_us integer not null,
    started_position integer not null,
    refreshed_at_us integer not null,
    expires_at_us integer not null,
    ended_at_us integer,
    ended_position integer,
    ip text,
    user_agent text
) strict;
create index sessions_by_user on sessions (user_id, started_position);
create index sessions_by_end on sessions (ended_at_us) where ended_at_us is not null;

-- A moment when the sessions of one person ended together. What started before it, but for one, is over.
create table session_endings (
    position integer primary key,
    user_id blob not null,
    at_us integer not null,
    except_session_id blob,
    erased integer not null
) strict;
create index session_endings_by_user on session_endings (user_id);

-- A role as it was last defined. `permissions` is a JSON array in its order. A removed role has no row.
create table roles (
    name text primary key,
    permissions text not null,
    version integer not null,
    defined_at_us integer not null
) strict;

-- One event, known to this version of Evident or not: what stands clear around the fact. Nothing personal.
create table audit_events (
    position integer primary key,
    event_id blob not null,
    event_type text not null,
    recorded_at_us integer not null,
    actor text not null,
    subject text not null,
    user_id blob,
    session_id blob,
    correlation_id text not null
) strict;
create index audit_events_by_user on audit_events (user_id, position) where user_id is not null;

-- A stream that waits because an event of it cannot be read or folded: that event, why, and how many wait.
create table parked_streams (
    stream text primary key,
    position integer not null,
    version integer not null,
    event_type text not null,
    reason text not null,
    waiting integer not null
) strict;
