-- The query side reads, and writes one thing: that somebody took the history away. So it may append notes of exports,
-- through this function, and nothing else.
--
-- Readers believe a record's bytes, so the bytes are what is looked at: letter by letter they must be what
-- `events::Record` writes of an export, of this log, under the row's own id, alone in the stream that the id names. Who
-- may write a note can therefore write neither another fact nor anything that readers stumble over. Patterns have no
-- backslashes: what these mean is for the caller's session to say.

create function evident_log.append_notes(
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    out positions bigint[], out actual bigint[], out reused uuid[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    log   constant uuid := (select h.log_id from evident_log.head h);
    form  constant text :=
        '^[{]"specversion":"1[.]0","id":"%1$s","source":"urn:evident:log:%2$s","type":"audit[.]exported[.]v1",'
        || '"subject":"export-%1$s",'
        || '"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z",'
        || '"datacontenttype":"application/json","streamversion":1,'
        || '"actor":"user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}","correlationid":"[A-Za-z0-9_-]{1,64}"'
        || '(,"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")?,"salt":"[A-Za-z0-9+/]{21}[AQgw]==",'
        || '"data":[{]"format":"jsonl","from":(0|[1-9][0-9]{0,17}),"to":(0|[1-9][0-9]{0,17})[}][}]$';
    note  record;
begin
    for note in
        select b.request = b.nth and b.version = 1 and b.stream = 'export-' || b.id as is_alone, b.id,
               convert_from(b.record, 'UTF8') as said
        from unnest(requests, streams, versions, ids, records) with ordinality
            as b (request, stream, version, id, record, nth)
    loop
        -- The last condition refuses days that no calendar has.
        if (note.is_alone and note.said ~ format(form, note.id, log)
            and substring(note.said from '"time":"([0-9-]+)T')::date is not null) is not true
        then
            raise exception 'only notes of exports are taken here' using errcode = 'insufficient_privilege';
        end if;
    end loop;
    select appended.positions, appended.actual, appended.reused into positions, actual, reused
    from evident_log.append(requests, streams, versions, ids, records) as appended;
end
$$;

revoke all on function evident_log.append_notes from public;

-- query-api's login is made a member of it, beside `evident_log_reader`. Whoever may not make roles grants the same by hand.
do $$
begin
    create role evident_log_noter nologin;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_log_noter') then
        grant usage on schema evident_log to evident_log_noter;
        grant execute on function evident_log.append_notes to evident_log_noter;
    end if;
end
$$;
