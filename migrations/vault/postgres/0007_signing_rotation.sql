-- A signing key is published before it signs: `signs_from_us` is when it begins to. Until then the one before it signs.
alter table evident_vault.signing_keys add column signs_from_us bigint not null default 0;
