-- Who terminated somebody, and who lifted it: two people. A shell, which is nobody, may terminate; anybody else may then lift it.
-- The references of employments that wait for their manager are looked up whenever people come or change.
-- +goose Up
alter table identity add column locked_by int, add column unlocked_by int,
    add constraint reinstater_is_not_terminator check (unlocked_by is null or unlocked_by is distinct from locked_by);
create index employment_version_waits on employment_version (employment_id)
    where known_to = 'infinity' and manager_id is null and attrs ? 'manager';
