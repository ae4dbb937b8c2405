-- What a review says of the past, and of those with the same rules and roles: frozen with the item, as the rest of its context.
-- +goose Up
-- past: what a person decided when it was last reviewed: 1 keep, 2 remove or narrow, 3 change; null: never, or nobody answered.
-- alike: how many in a hundred of those to whom rules and roles give the same hold it; null: too few to say, or rules and roles give it.
alter table campaign_item add column past smallint, add column past_at timestamptz, add column alike smallint;
alter table campaign_person add column alike int not null default 0; -- how many those are, themselves counted

-- Whether a person said it: what nobody answered, or is covered by a role that was confirmed, says nothing about this access.
alter table campaign_last add column answered boolean not null default true;
update campaign_last l set answered = false from campaign_item i join campaign_decision d on d.item_id = i.id
    where i.account_id = l.account_id and i.entitlement_id = l.entitlement_id and i.param = l.param and d.signed_at = l.at and d.decider_id is null;

-- What people decided about an entitlement in the year before the snapshot, whoever held it. One without decisions has no row.
create table campaign_past (
    campaign_id    int not null references campaign,
    entitlement_id int not null,
    kept           int not null,
    removed        int not null,
    primary key (campaign_id, entitlement_id)
);
call govern('campaign_past');
