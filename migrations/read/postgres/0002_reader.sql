-- query-api's login is made a member of `evident_read_reader`, which reads these tables and no others. The projector owns
-- them: a rebuild makes new ones and takes old ones away. Whoever may not make roles grants the same by hand.
do $$
begin
    create role evident_read_reader nologin;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_read_reader') then
        execute format('grant usage on schema %I to evident_read_reader', current_schema());
        execute format('grant select on all tables in schema %I to evident_read_reader', current_schema());
    end if;
end
$$;
