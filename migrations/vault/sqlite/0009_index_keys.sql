-- Index keys can be replaced: while the directory goes by the hashes of one, those of the next are filled in beside them.

-- One row is one index key: addresses are hashed with it, here and for the devices that people are known by. The newest is
-- the last to have been made; `superseded_at_us` is when the directory left it. Whoever replaces the key writes here.
create table index_keys (
    generation integer primary key,
    wrapped blob not null,
    wrapped_by integer references master_keys (generation),
    superseded_at_us integer
) strict;

-- The one row that says by which generation's hash an address is found (`reads`: every address has it), and which
-- generation's is filled in beside (`fills`), if any. Whoever claims an address shares it; whoever changes it waits for
-- them, so that no claim goes by what is over.
create table directory (
    one integer primary key check (one = 1),
    reads integer not null,
    fills integer
) strict;
insert into directory (one, reads, fills) values (1, 1, null);

-- One row is one address, by its keyed hashes, and who holds it; unconfirmed until the log knows the holder. Hashes of odd
-- generations are in `address_hash`, of even ones in `even_hash`. SQLite cannot take a primary key away, so the table is
-- made again.
create table addresses_of_all_generations (
    address_hash blob unique,
    even_hash blob unique,
    user_id blob not null,
    confirmed integer not null,
    claimed_at_us integer not null,
    check (address_hash is not null or even_hash is not null)
) strict;
insert into addresses_of_all_generations (address_hash, user_id, confirmed, claimed_at_us)
select address_hash, user_id, confirmed, claimed_at_us from addresses;
drop table addresses;
alter table addresses_of_all_generations rename to addresses;
