-- How far each receiver outside has been told the sealed log: the number of the first event that it has not taken yet.
-- +goose Up
create table stream_cursor (
    stream   text primary key,
    next     bigint not null constraint stream_runs_forwards check (next >= 0),
    taken_at timestamptz not null default clock_timestamp()
);
grant select, insert, update on stream_cursor to tenure_app;
