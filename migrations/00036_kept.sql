-- +goose Up
-- What somebody has from before their present job, and few of their peers have.
alter table campaign_item add column kept boolean not null default false;
