-- Master keys can be replaced: what is wrapped says by which one.

-- One row is one master key that something here is wrapped by, or may be, by its id; the key itself is in no database. The
-- highest generation wraps what is new. Whoever replaces the key adds a row, and takes away those that nothing refers to.
create table master_keys (
    generation integer primary key,
    key_id text not null unique
) strict;

-- Which one wrapped it; null where that was before keys had names. A key that something refers to cannot be taken off the
-- list, and nothing can be wrapped by one that is off it.
alter table profile_keys add column wrapped_by integer references master_keys (generation);
alter table credential_keys add column wrapped_by integer references master_keys (generation);
alter table month_keys add column wrapped_by integer references master_keys (generation);
alter table server_keys add column wrapped_by integer references master_keys (generation);
alter table signing_keys add column wrapped_by integer references master_keys (generation);
