-- Least privilege: the application runs as tenure_app, which owns nothing, deletes almost nothing and cannot touch the log
-- except to add to it.
-- +goose Up
grant usage on schema public to tenure_app;
grant select, insert, update on all tables in schema public to tenure_app;
grant usage, select, update on all sequences in schema public to tenure_app;
revoke update on event, leaf from tenure_app;
revoke all on tally from tenure_app;
-- Entries come in through the log, never through one of its partitions.
-- +goose StatementBegin
do $$
declare part regclass;
begin
    for part in select inhrelid::regclass from pg_inherits where inhparent = 'event'::regclass loop
        execute format('revoke all on %s from tenure_app', part);
    end loop;
end $$;
-- +goose StatementEnd
grant delete on due, sessions, snapshot_body, portal_role to tenure_app;
alter default privileges in schema public grant select, insert, update on tables to tenure_app;
alter default privileges in schema public grant usage, select, update on sequences to tenure_app;
