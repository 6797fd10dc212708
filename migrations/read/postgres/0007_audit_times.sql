-- Which part of the history belongs to a span of time. Times nearly follow positions, so a summary of each range of pages
-- finds it, at next to no cost where the list grows.
create index audit_events_by_time on audit_events using brin (recorded_at_us);
