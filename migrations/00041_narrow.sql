-- Whoever reviews access that was asked for may narrow it to a lower level of the same: what the lower level does not give is removed, what it
-- gives stays.
-- +goose Up
alter table campaign_decision add column level text not null default '',   -- to which the request is narrowed: of what goes by it, and of what stays
    drop constraint decision_outcome_is_one,
    add constraint decision_outcome_is_one check (outcome in ('keep', 'remove', 'change', 'narrow')),
    add constraint review_narrowing_has_its_level check (outcome <> 'narrow' or level <> ''),
    add constraint review_level_is_of_a_narrowing check (level = '' or outcome in ('keep', 'narrow'));
alter table campaign_removal add column level text not null default '';    -- '' where the whole request ends, or there is none
alter table request_item add column narrowed_at timestamptz, add column narrowed_because text,
    add constraint item_narrowed_has_a_cause check ((narrowed_at is null) = (narrowed_because is null));
