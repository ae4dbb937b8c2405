-- Reviews of what roles are: their contents, who gets them by rule, and their description, as they were at the snapshot. What was confirmed
-- covers what rules give by these roles for as long as they stay as they are.
-- +goose Up
create table campaign_role (
    campaign_id  int not null references campaign,
    role_id      int not null references policy_object,
    definition   jsonb not null,
    digest       text not null,                         -- of the definition
    members      int not null,                          -- people who are members, or to whom a rule gives it
    before       int references campaign,               -- in which it was confirmed last
    certified_at timestamptz,                           -- when it was confirmed in this campaign, at its last stage
    certified_by int references identity,
    primary key (campaign_id, role_id),
    constraint role_is_certified_by_somebody check ((certified_at is null) = (certified_by is null))
);
create index campaign_role_certified on campaign_role (role_id, certified_at) where certified_at is not null;
alter table campaign_removal drop constraint removal_state_is_known,
    add constraint removal_state_is_known check (state in ('waiting', 'held', 'carried', 'by_hand', 'changing', 'kept', 'changed', 'verified'));
call govern('campaign_role');
