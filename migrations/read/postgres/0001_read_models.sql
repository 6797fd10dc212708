-- Every table is a fold over the log, written by the projector alone, and may be dropped and rebuilt at any time.
-- Names are unqualified: the connection's search_path says whether these are the live tables or those beside them.
-- Times are microseconds since 1970.

-- The one row says up to where, and of which log, the tables are the fold. It moves with every batch.
create table checkpoint (
    only_row boolean primary key default true check (only_row),
    log_id uuid,
    position bigint not null,
    newest_us bigint not null
) with (fillfactor = 50);
insert into checkpoint (position, newest_us) values (0, 0);

-- A person. `roles` is a JSON array of names in their order. `search` is address and name in lower case; `email_order`
-- is the address, or what sorts behind every address.
create table users (
    user_id uuid primary key,
    email text,
    display_name text,
    email_verified boolean not null,
    status text not null,
    roles text not null,
    created_at_us bigint not null,
    updated_at_us bigint not null,
    version bigint not null,
    access_changed_at_us bigint,
    revoked_before bigint,
    revoked_except uuid,
    search text not null,
    email_order text collate "C" not null
);
create index users_by_age on users (created_at_us, user_id);
create index users_by_email on users (email_order, user_id);
create index users_by_change on users (access_changed_at_us) where access_changed_at_us is not null;

-- One sign-in. Rows stay after the session has ended. Refreshing changes nothing that is indexed.
create table sessions (
    session_id uuid primary key,
    user_id uuid not null,
    started_at_us bigint not null,
    started_position bigint not null,
    refreshed_at_us bigint not null,
    expires_at_us bigint not null,
    ended_at_us bigint,
    ended_position bigint,
    ip text,
    user_agent text
) with (fillfactor = 85);
create index sessions_by_user on sessions (user_id, started_position);
create index sessions_by_end on sessions (ended_at_us) where ended_at_us is not null;

-- A moment when the sessions of one person ended together. What started before it, but for one, is over.
create table session_endings (
    position bigint primary key,
    user_id uuid not null,
    at_us bigint not null,
    except_session_id uuid,
    erased boolean not null
);
create index session_endings_by_user on session_endings (user_id);

-- A role as it was last defined. `permissions` is a JSON array in its order. A removed role has no row.
create table roles (
    name text collate "C" primary key,
    permissions text not null,
    version bigint not null,
    defined_at_us bigint not null
);

-- One event, known to this version of Evident or not: what stands clear around the fact. Nothing personal.
create table audit_events (
    position bigint primary key,
    event_id uuid not null,
    event_type text collate "C" not null,
    recorded_at_us bigint not null,
    actor text not null,
    subject text not null,
    user_id uuid,
    session_id uuid,
    correlation_id text not null
);
create index audit_events_by_user on audit_events (user_id, position) where user_id is not null;

-- A stream that waits because an event of it cannot be read or folded: that event, why, and how many wait.
create table parked_streams (
    stream text collate "C" primary key,
    position bigint not null,
    version bigint not null,
    event_type text not null,
    reason text not null,
    waiting bigint not null
);
