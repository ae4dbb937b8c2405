-- How every application stands, as a job last counted it: its page reads these rows and counts no accounts and grants. Derived, so no
-- table is governed.
-- +goose Up
alter table application_figure
    add column compared_at timestamptz,
    add column accounts    jsonb not null default '{}',
    add column differences jsonb not null default '{}';

-- The first differences between what should be there and what was read. Ids only: a page looks names up when it shows them.
create table difference (
    application_id int not null references application,
    n              int not null,
    kind           text not null,
    account_id     int,
    identity_id    int,
    entitlement_id int,
    primary key (application_id, n)
);

-- Who has each entitlement: accounts as read, people by why.
create table entitlement_figure (
    entitlement_id int primary key references entitlement,
    application_id int not null references application,
    accounts       int not null,
    by_rule        int not null,
    by_role        int not null,
    direct         int not null,
    handover       int not null,
    nothing        int not null
);
create index entitlement_figure_application on entitlement_figure (application_id);
grant delete on difference, entitlement_figure to tenure_app;

-- Whose manager nobody is known by, found without reading everybody.
create index employment_version_unmanaged on employment_version (employment_id) where known_to = 'infinity' and manager_id is null and attrs ? 'manager';
