-- Who changed last what portal roles may do, found without reading the log.
-- +goose Up
create index event_portal on event (id) where kind = 'portal.changed';

-- Whose manager has left: until HR names another one, nobody sees these people in a team.
alter table identity_mark drop constraint mark_is_known;
alter table identity_mark add constraint mark_is_known check (mark in ('privileged', 'out_of_band', 'dormant', 'manager_left'));
