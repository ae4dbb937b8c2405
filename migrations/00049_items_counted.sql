-- The items of a large campaign are counted by the server as they are copied (pg_stat_get_xact_tuples_inserted, of this transaction alone), and
-- not by reading all of them once more. Only a superuser can turn that off (track_counts): the count is 0 then, and the start is refused.
-- +goose Up
-- +goose StatementBegin
create or replace function campaign_items_end(campaign int) returns bigint language plpgsql security definer
    set search_path = public, pg_temp set maintenance_work_mem = '256MB' as $$
declare
    name text := 'campaign_item_' || campaign;
    n    bigint := pg_stat_get_xact_tuples_inserted(name::regclass);
begin
    execute format('revoke all on %I from tenure_app', name);
    execute format('alter table %I add primary key (id, identity_id)', name);
    execute format('create index on %I (review_id, class, rank desc, id)', name);
    execute format('create index on %I using brin (campaign_id)', name);
    execute format('alter table campaign_item attach partition %I for values from (%s) to (%s)', name, campaign::bigint << 32, (campaign::bigint + 1) << 32);
    insert into tally (tbl, n) values ('campaign_item', n);
    return n;
end $$;
-- +goose StatementEnd
