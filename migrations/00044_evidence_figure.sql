-- Counting the populations of controls beside a large log.
-- +goose Up

-- Figures of a population in a period that take long to count, as they were counted last. They are derived: nothing rests on them but pages.
create table evidence_figure (
    population text not null,
    from_at    timestamptz not null,
    to_at      timestamptz not null,
    listed     int not null,
    at_source  int not null,
    attained   jsonb not null,        -- by time limit, with the hours that were set then
    months     jsonb not null,        -- the same by month
    event_id   bigint not null,       -- the newest event then
    counted_at timestamptz not null,
    asked_at   timestamptz,           -- when counting it anew was asked for
    primary key (population, from_at, to_at)
);
grant delete on evidence_figure to tenure_app;

-- Events that planned changes at targets, or say of SoD conflicts: few of a log, and read for the counts at the source.
create index event_planned on event (recorded_at) where touches ? 'operation' and (kind = 'operation.decided' or kind not like 'operation.%');
create index event_conflict on event (effective_at) where touches ? 'violation';
-- Events that evidence finds by their kind and time.
create index event_told on event (kind, effective_at) where kind in ('request.asked', 'request.granted', 'exception.accepted', 'auth.break_glass_used');
create index event_noted on event (kind, recorded_at) where kind in ('evidence.sampled', 'policy.versioned', 'campaign.signed', 'campaign.unanswered', 'campaign.verified');
create index operation_removal on operation (created_at) where kind in ('disable', 'revoke', 'delete');
create index request_asked on request (asked_at);
