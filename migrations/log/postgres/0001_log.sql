-- One row of `records` is one thing that happened: its exact bytes and where they stand. `append` writes it, nobody
-- else, and nobody changes it. The one row of `head` says which log this is and how far it goes.
--
-- The schema `evident_log` is made by the migrator, which keeps its own table there.

create table evident_log.head (
    log_id   uuid   not null,
    position bigint not null,
    constraint head_position_positive check (position >= 0)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
-- Every append updates this row, so its page keeps room for the next version and is cleaned early.

create unique index head_one_row on evident_log.head ((true));

insert into evident_log.head (log_id, position) values (gen_random_uuid(), 0);

create table evident_log.records (
    position bigint not null,
    stream   text   not null,
    version  bigint not null,
    id       uuid   not null,
    record   bytea  not null,
    constraint records_pkey primary key (position),
    constraint records_stream_version_key unique (stream, version),
    constraint records_id_key unique (id)
);

-- Records are sealed in good part and do not compress; trying costs time at each append.
alter table evident_log.records alter column record set storage external;

-- Appends a batch of requests: one element a record in each array, `requests` numbering the request (from 1) that
-- the record belongs to. A request is appended whole or not at all, and its neighbours never notice.
--
--   positions  one a record; null where its request was refused
--   actual     one a request: its stream's version where it was refused, else null
--   reused     one a request: an id of it that lies elsewhere in the log, else null
--
-- `actual` and `reused` are null as a whole when every request was appended.
create function evident_log.append(
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    out positions bigint[], out actual bigint[], out reused uuid[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off -- a plan made while the log was empty must still probe the index when it is not …
set jit = off            -- … and what that makes of the estimated costs must not set the compiler off
as $$
declare
    total      constant bigint := cardinality(ids);
    base       bigint;
    undisputed boolean;
    request    record;
    current    bigint;
    found      bigint[];
begin
    -- Must stay the first statement: the row's lock is held until commit, so appends go one after another, the
    -- checks below see everything that came before, and commit order is position order.
    update evident_log.head set position = position + total returning position - total into strict base;

    -- The usual case: each stream stands where its one request expects it.
    select bool_and(
        s.one_request and s.first + s.count - 1 = s.last and s.first - 1 = coalesce((
            select r.version from evident_log.records r where r.stream = s.stream order by r.version desc limit 1
        ), 0))
    into undisputed
    from (
        select b.stream, min(b.version) as first, max(b.version) as last, count(*) as count,
               min(b.request) = max(b.request) as one_request
        from unnest(requests, streams, versions) as b (request, stream, version)
        group by b.stream
    ) as s;

    if undisputed then
        begin
            insert into evident_log.records (position, stream, version, id, record)
            select base + b.nth, b.stream, b.version, b.id, b.record
            from unnest(streams, versions, ids, records) with ordinality as b (stream, version, id, record, nth);
            select array_agg(base + nth) into positions from generate_series(1, total) as nth;
            return;
        exception when unique_violation then null; -- an id is used elsewhere; whose, is found out below
        end;
    end if;

    -- Otherwise one request after another, in the order of the batch, each seeing those before it.
    positions := array_fill(null::bigint, array[total::integer]);
    actual := array_fill(null::bigint, array[requests[total]]);
    reused := array_fill(null::uuid, array[requests[total]]);
    for request in
        select b.request as number, min(b.nth)::integer as lower, max(b.nth)::integer as upper,
               min(b.stream) as stream, min(b.version) as first
        from unnest(requests, streams, versions) with ordinality as b (request, stream, version, nth)
        group by b.request order by b.request
    loop
        select coalesce(max(r.version), 0) into current from evident_log.records r where r.stream = request.stream;
        if current = request.first - 1
            and not exists (select from evident_log.records r where r.id = any (ids[request.lower:request.upper]))
        then
            with appended as (
                insert into evident_log.records (position, stream, version, id, record)
                select base + b.nth, b.stream, b.version, b.id, b.record
                from unnest(
                    streams[request.lower:request.upper], versions[request.lower:request.upper],
                    ids[request.lower:request.upper], records[request.lower:request.upper]
                ) with ordinality as b (stream, version, id, record, nth)
                returning evident_log.records.position
            )
            select array_agg(a.position order by a.position) into found from appended a;
            base := base + cardinality(found);
        else
            -- Said before? Then the first answer stands.
            select array_agg(r.position order by b.nth) into found
            from unnest(
                streams[request.lower:request.upper], versions[request.lower:request.upper],
                ids[request.lower:request.upper]
            ) with ordinality as b (stream, version, id, nth)
            join evident_log.records r on r.id = b.id and r.stream = b.stream and r.version = b.version;
        end if;
        if cardinality(found) = request.upper - request.lower + 1 then
            positions[request.lower:request.upper] := found;
        else
            actual[request.number] := current;
            reused[request.number] := (
                select r.id from evident_log.records r where r.id = any (ids[request.lower:request.upper]) limit 1
            );
        end if;
    end loop;
    update evident_log.head set position = base;
end
$$;

-- Holds for everyone, the owner and superusers included.
create function evident_log.refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the log only grows: % of %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
        using errcode = 'integrity_constraint_violation';
end
$$;

create trigger records_only_grow before update or delete on evident_log.records
    for each row execute function evident_log.refuse();
create trigger records_never_emptied before truncate on evident_log.records
    for each statement execute function evident_log.refuse();
create trigger head_stays before delete or truncate on evident_log.head
    for each statement execute function evident_log.refuse();

-- An application's role is made a member of one of these. Whoever may not make roles grants the same by hand.
do $$
begin
    create role evident_log_writer nologin;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;

do $$
begin
    create role evident_log_reader nologin;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;

revoke all on function evident_log.append from public;

do $$
declare
    member text;
begin
    for member in
        select rolname from pg_roles where rolname in ('evident_log_writer', 'evident_log_reader')
    loop
        execute format('grant usage on schema evident_log to %I', member);
        execute format('grant select on all tables in schema evident_log to %I', member);
    end loop;
    if exists (select from pg_roles where rolname = 'evident_log_writer') then
        grant execute on function evident_log.append to evident_log_writer;
    end if;
end
$$;
