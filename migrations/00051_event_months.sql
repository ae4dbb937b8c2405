-- Events are written straight into the table of their month: PostgreSQL then copies them by the page and leads none to its place. The rule that
-- a change has its event holds there as it does on the way through the parent, whose trigger a statement aimed at a month does not pass.
-- Most events of a sign-in, a reading or a message touch no row: they are passed over before their (empty) counts are taken apart.
-- +goose Up
-- +goose StatementBegin
create or replace function tally_events() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into tally (tbl, n)
    select t.key, -sum(t.value::bigint) from changed, jsonb_each_text(changed.touches) t where changed.touches <> '{}' group by t.key;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function event_month(name text) returns void language plpgsql as $$
begin
    execute format('create trigger tally_events after insert on %I referencing new table as changed for each statement execute function tally_events()', name);
    execute format('create trigger event_is_not_truncated before truncate on %I for each statement execute function event_is_append_only()', name);
    execute format('revoke all on %I from tenure_app', name);
    execute format('grant insert on %I to tenure_app', name);
end $$;
-- +goose StatementEnd
revoke all on function event_month from public;
select event_month(c.relname::text) from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'event'::regclass and c.relname ~ '^event_[0-9]{6}$';

-- +goose StatementBegin
create or replace function event_partitions(months int) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    m timestamptz := date_trunc('month', clock_timestamp() at time zone 'UTC') at time zone 'UTC';
    name text;
begin
    for i in 0 .. months loop
        name := 'event_' || to_char(m at time zone 'UTC', 'YYYYMM');
        if to_regclass('public.' || name) is null
           and not exists (select from event_rest where recorded_at >= m and recorded_at < m + interval '1 month') then
            execute format('create table %I partition of event for values from (%L) to (%L)', name, m, m + interval '1 month');
            perform event_month(name);
        end if;
        m := m + interval '1 month';
    end loop;
end $$;
-- +goose StatementEnd
