-- The query side reads, and writes one thing: that somebody took the history away. So it may append to the streams of
-- exports, through this function, and to no other.

create function evident_log.append_notes(
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    out positions bigint[], out actual bigint[], out reused uuid[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from unnest(streams) as stream where stream !~ '^export-') then
        raise exception 'only notes of exports are taken here' using errcode = 'insufficient_privilege';
    end if;
    select appended.positions, appended.actual, appended.reused into positions, actual, reused
    from evident_log.append(requests, streams, versions, ids, records) as appended;
end
$$;

revoke all on function evident_log.append_notes from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_log_reader') then
        grant execute on function evident_log.append_notes to evident_log_reader;
    end if;
end
$$;
