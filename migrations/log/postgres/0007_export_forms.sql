-- An export has one of four forms by now. All else that a note must be is as before.

create or replace function evident_log.append_notes(
    requests integer[], streams text[], versions bigint[], ids uuid[], records bytea[],
    out positions bigint[], out actual bigint[], out reused uuid[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    log     constant uuid := (select h.log_id from evident_log.head h);
    any_id  constant text := '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
    whole   constant text :=
        '^[{]"specversion":"1[.]0","id":"%1$s","source":"urn:evident:log:%2$s","type":"%5$s","subject":"%3$s",'
        || '"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z",'
        || '"datacontenttype":"application/json","streamversion":%4$s,'
        || '"actor":"%6$s","correlationid":"[A-Za-z0-9_-]{1,64}"'
        || '(,"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")?,"salt":"[A-Za-z0-9+/]{21}[AQgw]==",'
        || '"data":[{]%7$s[}][}]$';
    export  constant text := '"format":"(jsonl|cloudevents|csv|ocsf)","from":(0|[1-9][0-9]{0,17}),"to":(0|[1-9][0-9]{0,17})';
    note    record;
    account text;
    form    text;
begin
    for note in
        select b.request = b.nth as is_alone, b.stream, b.version, b.id, convert_from(b.record, 'UTF8') as said
        from unnest(requests, streams, versions, ids, records) with ordinality
            as b (request, stream, version, id, record, nth)
    loop
        if note.stream = 'export-' || note.id and note.version = 1 then
            form := format(whole, note.id, log, note.stream, 1, 'audit[.]exported[.]v1',
                format('(user:%1$s|service:%1$s/%1$s)', any_id), export);
        elsif note.stream ~ format('^keyuse-%s$', any_id) then
            account := coalesce(substring(note.said from format('"actor":"service:(%s)/', any_id)), 'none');
            form := format(whole, note.id, log, note.stream, note.version, 'key[.]used[.]v1',
                format('service:%s/%s', account, substr(note.stream, 8)), format('"account_id":"%s"', account));
        else
            form := null;
        end if;
        -- The last condition refuses days that no calendar has.
        if (note.is_alone and note.said ~ form
            and substring(note.said from '"time":"([0-9-]+)T')::date is not null) is not true
        then
            raise exception 'only notes of exports and of the use of keys are taken here'
                using errcode = 'insufficient_privilege';
        end if;
    end loop;
    select appended.positions, appended.actual, appended.reused into positions, actual, reused
    from evident_log.append(requests, streams, versions, ids, records) as appended;
end
$$;
