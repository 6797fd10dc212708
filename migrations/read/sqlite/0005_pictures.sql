-- The hash of a person's picture, which its ETag is; null without one. Whoever set one before this column shows none until it
-- is set again or the read models are rebuilt (`evident rebuild`).
alter table users add column picture text;
