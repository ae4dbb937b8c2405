-- Who holds a role is asked when its holders decide; without an index that read everybody's access.
-- +goose Up
create index reason_role on reason (via) where via <> 0 and known_to = 'infinity' and state = 'live';
