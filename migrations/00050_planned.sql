-- Two functions that nearly every transaction asks. In SQL they were planned anew each time, since neither can be put into the statement that
-- asks; in PL/pgSQL a connection plans them once.
-- +goose Up
-- +goose StatementBegin
create or replace function business_now() returns timestamptz language plpgsql stable as $$
begin
    return coalesce((select at from clock), clock_timestamp());
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function prints() returns table (at timestamptz, tbl text, came bytea, went bytea)
    language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
    return query select c.at, t.tbl, t.came, t.went from (select clock_timestamp()) c(at)
        left join tally t on t.xid = pg_current_xact_id_if_assigned() and (t.came is not null or t.went is not null);
end $$;
-- +goose StatementEnd
