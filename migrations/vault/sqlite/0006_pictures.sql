-- One row is one picture of a living person, sealed under their profile key; the log says which of them is theirs now.
-- Erasing the person deletes their key, and their pictures with it. command-api writes, query-api reads.
create table pictures (
    user_id blob not null references profile_keys (user_id) on delete cascade,
    picture_id blob not null,
    sealed blob not null,
    kept_at_us integer not null,
    primary key (user_id, picture_id)
) strict;
