-- What can be asked for and who decides about it are policy objects like roles: offers and approval rules.
-- +goose Up
alter table policy_object drop constraint policy_kind_is_known,
    add constraint policy_kind_is_known check (kind in ('role', 'rule', 'duty', 'sod', 'offer', 'approval'));
