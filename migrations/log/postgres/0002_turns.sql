-- Appends as `append` does, unless another process appends at this moment: then it says so at once (lock_not_available)
-- and the caller comes again. In `append` it would wait for the row of `head`, with a session of the server; one that
-- comes again gathers more to append meanwhile.
--
-- The advisory lock is politeness and nothing else: order and checks rest on the row. Whoever gets no turn for long calls
-- `append` and waits.
create function evident_log.append_in_turn(
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    out positions bigint[], out actual bigint[], out reused uuid[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_try_advisory_xact_lock(3786150915) then
        raise exception 'another process appends' using errcode = 'lock_not_available';
    end if;
    select appended.positions, appended.actual, appended.reused into positions, actual, reused
    from evident_log.append(requests, streams, versions, ids, records) as appended;
end
$$;

revoke all on function evident_log.append_in_turn from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_log_writer') then
        grant execute on function evident_log.append_in_turn to evident_log_writer;
    end if;
end
$$;
