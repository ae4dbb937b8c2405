-- Lists and search: what is prepared so that a page of people, sorted and filtered in any way, and a search for the beginnings of
-- words cost the same at 500 and at 500,000 people. Everything here is derived: it can be made anew from the facts, so no table
-- is governed.
-- +goose Up

-- One line of lists for each person, from the employment that speaks for them. sort_name is in plain lower-case letters.
create table identity_entry (
    identity_id int primary key,
    state       text not null,
    since       timestamptz not null,
    sort_name   text collate "C" not null,
    number      text collate "C" not null default '',
    department  text collate "C" not null default '',
    location    text collate "C" not null default '',
    worker_type text collate "C" not null default '',
    manager_id  int
);
create index identity_entry_name on identity_entry (sort_name, identity_id);
create index identity_entry_number on identity_entry (number, identity_id);
create index identity_entry_since on identity_entry (since, identity_id);
create index identity_entry_department on identity_entry (department, identity_id);
create index identity_entry_in_department on identity_entry (department, sort_name, identity_id);
create index identity_entry_location on identity_entry (location, sort_name, identity_id);
create index identity_entry_worker_type on identity_entry (worker_type, sort_name, identity_id);
create index identity_entry_state on identity_entry (state, sort_name, identity_id);
create index identity_entry_manager on identity_entry (manager_id, sort_name, identity_id) where manager_id is not null;

-- The words by which a person is found: of the name, the number and the e-mail address, in plain lower-case letters.
create table identity_word (
    word        text collate "C" not null,
    identity_id int not null,
    primary key (word, identity_id)
);
create index identity_word_identity on identity_word (identity_id, word);

-- Whose line is to be made anew. After a large load a job does it; few people are done at once.
create table identity_stale (
    identity_id int not null
);
insert into identity_stale select id from identity where kind = 'person';

-- What lists may ask of people that takes a look at everything they hold: made anew by a job after readings.
create table identity_mark (
    mark        text not null constraint mark_is_known check (mark in ('privileged', 'out_of_band', 'dormant')),
    identity_id int not null,
    n           int not null,
    primary key (mark, identity_id)
);
create index identity_mark_identity on identity_mark (identity_id);

grant delete on identity_entry, identity_word, identity_stale, identity_mark to tenure_app;

-- One row for each statement that changed the catalog. A process that holds the catalog compares the sum of the tokens it
-- sees with the one it has: rows are only added, so two transactions that see the same sum see the same catalog, whoever
-- committed first, and nobody waits for a counter.
create table catalog_change (
    token bigint not null default (random() * 4e18)::bigint
);
-- +goose StatementBegin
create function catalog_changes() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into catalog_change select (random() * 4e18)::bigint where exists (select from changed);
    return null;
end $$;
-- +goose StatementEnd
create trigger catalog_insert after insert on application referencing new table as changed for each statement execute function catalog_changes();
create trigger catalog_update after update on application referencing new table as changed for each statement execute function catalog_changes();
create trigger catalog_delete after delete on application referencing old table as changed for each statement execute function catalog_changes();
create trigger catalog_insert after insert on entitlement referencing new table as changed for each statement execute function catalog_changes();
create trigger catalog_update after update on entitlement referencing new table as changed for each statement execute function catalog_changes();
create trigger catalog_delete after delete on entitlement referencing old table as changed for each statement execute function catalog_changes();
