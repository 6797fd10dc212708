-- A signing key is published before it signs: `signs_from_us` is when it begins to. Until then the one before it signs.
alter table signing_keys add column signs_from_us integer not null default 0;
