-- What a member was given a role with: the cost centre of its approver. One may be a member of a role several times, with different ones.
-- +goose Up
alter table role_member add param text not null default '';
drop index role_member_current;
create unique index role_member_current on role_member (identity_id, role_id, param) where ended_at is null;
