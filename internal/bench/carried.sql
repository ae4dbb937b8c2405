-- What the workers do with the operations of the first load, in short: every account is there, enabled, and holds what was
-- granted, and every operation is verified. A daily change meets such a state, not a queue of first grants. Done as the owner of
-- the tables with triggers off, because it is the scene of the measures that follow and not one of them.
set session_replication_role = replica;
insert into reading (id, application_id, started_at, ended_at, complete) overriding system value
    select id, id, clock_timestamp(), clock_timestamp(), true from application;
update account set native_id = external_id::text;
insert into account_seen (account_id, reading_id, name, enabled) select id, application_id, name, true from account;
insert into observed (account_id, entitlement_id, seen_from)
    select account_id, entitlement_id, application_id from operation where kind = 'grant';
update operation set state = 'verified', claim_epoch = 1, attempts = 1, acknowledged_at = created_at, verified_at = created_at,
    verified_by = application_id;
reset session_replication_role;
vacuum analyze;
