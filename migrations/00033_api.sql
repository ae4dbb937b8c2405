-- Calls of the API that must not be done twice.
-- +goose Up

-- An answered call of a person by the key they gave it, written in the transaction of what it did: after a crash both are there or
-- neither. Who is still at it holds a lock of the database by the same name. Derived, so the table is not governed; kept for a day.
create table idempotency (
    identity_id int not null references identity,
    key         text not null,
    call        bytea not null, -- hash of method, address and body
    status      int not null,
    tag         text not null, -- ETag of the answer; '' for none
    answer      bytea not null, -- sealed: it may hold what is personal
    made_at     timestamptz not null default clock_timestamp(),
    primary key (identity_id, key)
);
create index idempotency_made on idempotency (made_at);
grant delete on idempotency to tenure_app;
