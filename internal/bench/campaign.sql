-- A company whose applications were read once: $people people in $departments departments, 20 entitlements each of 2,000 in four applications, a
-- fifth of them given by rule, a third by membership, a third found, the rest without a reason. Every tenth person manages the nine after them.
set session_replication_role = replica;
insert into identity (id, state, since, name, number, key_id) overriding system value select n, 'active', now() - interval '2 years', 'Person ' || n, n::text, 0 from generate_series(1, @people) n;
insert into identity_entry (identity_id, state, since, sort_name, number, department, location, worker_type, manager_id)
	select n, 'active', now() - interval '2 years', 'person ' || n, n::text, 'Department ' || n % (@people / 100), 'Here', 'employee', case when n % 10 = 0 then greatest(n / 10 * 10 - 100, 0) else n / 10 * 10 end from generate_series(1, @people) n;
update identity_entry set manager_id = null where manager_id = 0 or manager_id = identity_id;
insert into employment (id, identity_id, source_id, source_key) overriding system value select n, n, 1, n::text from generate_series(1, @people) n;
insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from)
	select n, n, 'active', '2020-01-01', 'UTC', '2020-01-01', jsonb_build_object('title', 'Title ' || n % 7), '2020-01-01', now() from generate_series(1, @people) n;
insert into actor (id, kind, name, identity_id) overriding system value values (1000, 'person', 'Person 10', 10);
insert into portal_role (identity_id, role) values (1, 'compliance'), (2, 'compliance');
insert into application (id, name, title, connector, mode, config, spec, owner_id) overriding system value select n, 'bench' || n, 'Application ' || n, 'box', 'enforce', '{}', '{}', n from generate_series(1001, 1004) n;
update application set owner_id = id - 1000 where id > 1000;
insert into entitlement (id, application_id, kind, name, title, privileged, risk) overriding system value
	select 10000 + n, 1001 + n % 4, 'entitlement', 'e' || n, 'Entitlement ' || n, n % 50 = 0, case n % 10 when 0 then 'high' when 1 then 'medium' end from generate_series(1, 2000) n;
insert into account (id, application_id, native_id, name) overriding system value select (n - 1) * 4 + a, 1000 + a, n::text, 'person' || n from generate_series(1, @people) n, generate_series(1, 4) a;
insert into account_link (account_id, identity_id, known_from) select (n - 1) * 4 + a, n, now() - interval '1 year' from generate_series(1, @people) n, generate_series(1, 4) a;
insert into reading (id, application_id, started_at, ended_at, complete) overriding system value select n, n, now(), now(), true from generate_series(1001, 1004) n;
insert into account_seen (account_id, reading_id, name, enabled, last_sign_in) select n, 1001, 'x', true, now() - make_interval(days => n % 120) from generate_series(1, @people * 4) n;
insert into observed (account_id, entitlement_id, seen_from)
	select (n - 1) * 4 + a, 10000 + e, 1000 + a from (select n, k, (case when k < 12 then n % (@people / 100) * 13 + k * 7 else n * 31 + k * 97 end) % 2000 + 1 e from generate_series(1, @people) n, generate_series(0, 19) k) x, lateral (select e % 4 + 1 a) y
	on conflict do nothing;
insert into reason (identity_id, entitlement_id, kind, ref, valid_from, known_from)
	select (o.account_id - 1) / 4 + 1, o.entitlement_id, case (o.account_id + o.entitlement_id) % 10 when 0 then 'birthright' when 1 then 'birthright' when 2 then 'assignment' when 3 then 'assignment' when 4 then 'request' else 'found' end, o.entitlement_id % 40 + 1,
		now() - make_interval(days => o.entitlement_id % 400), now() from observed o where (o.account_id + o.entitlement_id) % 10 <> 9;
set session_replication_role = origin;
