-- One hash over everything that a sync leaves behind, by names and numbers that people know: ids and times left out, for they
-- differ from run to run. Days far in the future come from the feed and are kept.
select encode(sha256(convert_to(string_agg(line, E'\n' order by line collate "C"), 'UTF8')), 'hex') from (
    select row('identity', number, state, kind, name, email)::text line from identity
    union all
    select row('key', count(*))::text from identity_key
    union all
    select row('unit', key, name)::text from unit
    union all
    select row('employment', e.source_key, i.number, encode(e.row_hash, 'hex'))::text
    from employment e left join identity i on i.id = e.identity_id
    union all
    select row('version', e.source_key, i.number, v.status, v.first_day, v.zone, v.starts_at, u.key, m.number, v.attrs,
        case when v.last_day > '2080-01-01' then v.last_day end, case when v.ends_at > '2080-01-01' then v.ends_at end,
        v.valid_to = 'infinity', v.known_to = 'infinity')::text
    from employment_version v left join employment e on e.id = v.employment_id left join identity i on i.id = v.identity_id
        left join unit u on u.id = v.unit_id left join identity m on m.id = v.manager_id
    union all
    select row('reason', i.number, a.name, x.kind, x.name, r.slot, r.param, r.state, r.kind, o.name, w.name, e.source_key,
        r.valid_to = 'infinity', r.known_to = 'infinity')::text
    from reason r left join identity i on i.id = r.identity_id left join entitlement x on x.id = r.entitlement_id
        left join application a on a.id = x.application_id left join policy_object o on o.id = r.ref
        left join policy_object w on w.id = r.via left join employment e on e.id = r.employment_id
    union all
    select row('account', a.name, c.name, c.slot, c.kind, i.number, encode(c.intended, 'hex'), c.retired_at is null, n.base, n.n)::text
    from account c left join application a on a.id = c.application_id left join account_link l on l.account_id = c.id
        left join identity i on i.id = l.identity_id left join account_name n on n.account_id = c.id
    union all
    select row('operation', a.name, c.name, i.number, p.kind, x.kind, x.name, p.param, p.urgency, p.cause, p.state)::text
    from operation p left join application a on a.id = p.application_id left join account c on c.id = p.account_id
        left join identity i on i.id = p.identity_id left join entitlement x on x.id = p.entitlement_id
    union all
    select row('due', d.what, i.number, case when d.at > '2080-01-01' then d.at end)::text from due d left join identity i on i.id = d.ref
    union all
    select row('event', e.kind, i.number, e.touches, e.sealed is null)::text from event e left join identity i on i.id = e.identity_id
    union all
    select row('snapshot', s.rows, s.state, s.counts, encode(s.sha256, 'hex'))::text from snapshot s
) s
