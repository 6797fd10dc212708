-- Appends as `append_guarded` does, in fewer steps: what a batch of the usual kind costs beside its rows is paid under the
-- lock that all processes share.
--
--   base       the batch was appended whole, its records at base + 1, base + 2 and so on; the rest is null. Null when not:
--              then the rest says what `append_guarded` says
--
-- Where a record may stand is looked at when it stands there: that no other one does, `records_stream_version_key` says;
-- and behind the first of a stream each needs the one before it, of the log or of the batch. A batch that does not fit so
-- is taken back, and appended by `append`, request by request.
--
-- The session must keep plans that probe indexes (`plan_cache_mode`, `enable_seqscan`, `jit`; `append` gives the reasons):
-- setting that here would be paid by every call.
create function evident_log.append_batch(
    in_turn boolean,
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    guards integer[], guard_streams text[], guard_versions bigint[],
    out base bigint, out positions bigint[], out actual bigint[], out reused uuid[], out moved integer[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if in_turn and not pg_try_advisory_xact_lock(3786150915) then
        raise exception 'another process appends' using errcode = 'lock_not_available';
    end if;
    -- Before everything that is looked at: the row's lock is held until commit, as in `append`.
    update evident_log.head set position = position + cardinality(ids)
    returning position - cardinality(ids) into strict base;

    if cardinality(guards) > 0 then
        select array_agg(distinct g.request) into moved
        from unnest(guards, guard_streams, guard_versions) as g (request, stream, version)
        where g.version <> coalesce((
            select r.version from evident_log.records r where r.stream = g.stream order by r.version desc limit 1
        ), 0);
    end if;
    if moved is null then
        begin
            insert into evident_log.records (position, stream, version, id, record)
            select base + b.nth, b.stream, b.version, b.id, b.record
            from unnest(streams, versions, ids, records) with ordinality as b (stream, version, id, record, nth);
            if 1 = all (versions) or not exists (
                select from unnest(streams, versions) as b (stream, version)
                where b.version <> 1 and not exists (
                    select from evident_log.records r where r.stream = b.stream and r.version = b.version - 1
                )
            ) then
                return;
            end if;
            raise exception 'a record without the one before it' using errcode = 'integrity_constraint_violation';
        exception when integrity_constraint_violation then null; -- unique or not: which request it was is found out below
        end;
    end if;

    update evident_log.head set position = base;
    base := null;
    if moved is null then
        select appended.positions, appended.actual, appended.reused into positions, actual, reused
        from evident_log.append(requests, streams, versions, ids, records) as appended;
    end if;
end
$$;

revoke all on function evident_log.append_batch from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_log_writer') then
        grant execute on function evident_log.append_batch to evident_log_writer;
    end if;
end
$$;

-- `append_guarded` stays for processes of the release before, while both run.
