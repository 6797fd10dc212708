-- Appends as `append_in_turn` and `append` do (`in_turn` says which), if what the batch was decided from stands where it
-- stood: each guard names a request, a stream, and the version that the stream must be at.
--
--   moved      the requests that have a guard which does not hold; then nothing of the batch was appended. Else null
--
-- Guards must not name streams that the batch appends to. The process sees to that.
create function evident_log.append_guarded(
    in_turn boolean,
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    guards integer[], guard_streams text[], guard_versions bigint[],
    out positions bigint[], out actual bigint[], out reused uuid[], out moved integer[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off -- for the reasons that `append` gives
set jit = off
as $$
begin
    if in_turn and not pg_try_advisory_xact_lock(3786150915) then
        raise exception 'another process appends' using errcode = 'lock_not_available';
    end if;
    if cardinality(guards) > 0 then
        -- The lock that `append` takes: nothing is appended by others between this look and the commit.
        perform from evident_log.head for update;
        select array_agg(distinct g.request) into moved
        from unnest(guards, guard_streams, guard_versions) as g (request, stream, version)
        where g.version <> coalesce((
            select r.version from evident_log.records r where r.stream = g.stream order by r.version desc limit 1
        ), 0);
        if moved is not null then
            return;
        end if;
    end if;
    select appended.positions, appended.actual, appended.reused into positions, actual, reused
    from evident_log.append(requests, streams, versions, ids, records) as appended;
end
$$;

revoke all on function evident_log.append_guarded from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_log_writer') then
        grant execute on function evident_log.append_guarded to evident_log_writer;
    end if;
end
$$;

-- `append_in_turn` stays for processes of the release before, while both run.
