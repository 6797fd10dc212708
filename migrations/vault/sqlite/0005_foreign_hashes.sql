-- One row is one kind and cost of the password hashes that imported people came with, as a hash that nobody has a password
-- for, and when such a one last came. command-api writes it, and checks guesses at addresses that nobody has against it.
create table foreign_hashes (
    template text primary key,
    noted_at_us integer not null
) strict, without rowid;
