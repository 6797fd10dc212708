-- Programs that act by themselves.

-- A service account that was not removed, by the projector. `permissions` and `keys` are JSON arrays; a key holds what proves
-- its secret, which was 256 random bits, and never the secret.
create table service_accounts (
    account_id blob primary key,
    name text not null,
    permissions text not null,
    keys text not null,
    created_at_us integer not null,
    version integer not null
) strict;

-- The last day on which a key was used, by the projector, as the moment and the position of the record that says so.
create table key_uses (
    key_id blob primary key,
    account_id blob not null,
    used_at_us integer not null,
    position integer not null
) strict;
create index key_uses_by_account on key_uses (account_id);
