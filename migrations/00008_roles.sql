-- Least privilege: the application runs as tenure_app, which owns nothing, deletes almost nothing and cannot touch the log
-- except to add to it.
-- +goose Up
-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'tenure_app') then
        create role tenure_app nologin;
    end if;
end $$;
-- +goose StatementEnd
grant usage on schema public to tenure_app;
grant select, insert, update on all tables in schema public to tenure_app;
grant usage, select, update on all sequences in schema public to tenure_app;
revoke update on event, leaf from tenure_app;
revoke all on tally from tenure_app;
grant delete on due, sessions, snapshot_body, portal_role to tenure_app;
alter default privileges in schema public grant select, insert, update on tables to tenure_app;
alter default privileges in schema public grant usage, select, update on sequences to tenure_app;
