-- So that nobody has more sessions at once than the policy allows.

-- One row is one session that a person started or is about to start, by the command side; it goes when it is found to be
-- over, or has expired. Whether the session lives is the log's to say.
create table sessions (
    user_id blob not null,
    session_id blob not null,
    listed_at_us integer not null,
    expires_at_us integer not null,
    primary key (user_id, session_id)
) strict, without rowid;
create index sessions_expire on sessions (expires_at_us);
