"""Reads the two targets as anybody could: SCIM over HTTP, PostgreSQL through psql. Writes nothing."""

import collections
import json
import re
import subprocess
import urllib.parse
import urllib.request

import rules

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

# One login in a target. number is the employee number the target shows, None where it shows none.
Account = collections.namedtuple("Account", "target native login enabled number")


class Observed:
    """What the targets hold: accounts, and memberships as (target, native id of the account, entitlement), with repeats."""

    def __init__(self, accounts, memberships, strange=()):
        self.accounts, self.memberships, self.strange = list(accounts), list(memberships), list(strange)


def _get(base, path, token, **query):
    url = "%s/%s?%s" % (base.rstrip("/"), path, urllib.parse.urlencode(query))
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token, "Accept": "application/scim+json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def _pages(base, path, token, size):
    start, seen = 1, set()
    while True:
        page = _get(base, path, token, startIndex=start, count=size)
        for resource in page.get("Resources", []):
            if resource["id"] not in seen:
                seen.add(resource["id"])
                yield resource
        start += len(page.get("Resources", []))
        if start > page["totalResults"]:
            break
        if not page.get("Resources"):
            raise SystemExit("check: %s ended after %d of %d" % (path, start - 1, page["totalResults"]))
    if len(seen) != page["totalResults"]:
        raise SystemExit("check: %s lists %d but says it has %d" % (path, len(seen), page["totalResults"]))


def read_scim(base, token):
    known = {e for t, e in rules.entitlements() if t == rules.SCIM}
    accounts, memberships, strange = [], [], []
    for u in _pages(base, "Users", token, 500):
        number = (u.get(ENTERPRISE) or {}).get("employeeNumber")
        accounts.append(Account(rules.SCIM, u["id"], u["userName"], u.get("active") is True, number))
    for g in _pages(base, "Groups", token, 5):
        if g["displayName"] not in known:
            strange.append("%s has a group %s that nobody declared" % (rules.SCIM, g["displayName"]))
        memberships += [(rules.SCIM, m["value"], g["displayName"]) for m in g.get("members") or []]
    return Observed(accounts, memberships, strange)


def _psql(url, query):
    """Rows of a query; fields are separated by a control character that no name contains."""
    out = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", query],
                         check=True, capture_output=True, text=True).stdout
    return [line.split("\x1f") for line in out.split("\n") if line]


def read_postgres(url, administrators):
    """administrators are the login roles of the server that are nobody's account: its owner and the connector's own."""
    roles = {e for t, e in rules.entitlements() if t == rules.PG}
    accounts, memberships, strange, skip = [], [], [], set(administrators) | roles
    for name, enabled, superuser, comment in _psql(url, """
            select rolname, rolcanlogin and coalesce(rolvaliduntil > now(), true), rolsuper,
                   replace(coalesce(shobj_description(oid, 'pg_authid'), ''), e'\\n', ' ')
            from pg_roles where rolname !~ '^pg_' order by 1"""):
        if name in skip:
            if name in roles and enabled == "t":
                strange.append("%s: the role %s may sign in itself" % (rules.PG, name))
            continue
        if superuser == "t":
            strange.append("%s: %s is a superuser" % (rules.PG, name))
        accounts.append(Account(rules.PG, name, name, enabled == "t", _number(comment)))
    for member, role in _psql(url, """
            select u.rolname, g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid
            join pg_roles u on u.oid = m.member order by 1, 2"""):
        if member in skip - roles or member.startswith("pg_"):
            continue
        if member in roles:
            strange.append("%s: the role %s holds %s" % (rules.PG, member, role))
        else:
            memberships.append((rules.PG, member, role))
    return Observed(accounts, memberships, strange)


def _number(comment):
    """The employee number, which the policy makes the connector write behind its marker and the account's own id."""
    found = re.match(r"tenure:\S+ (\d+)$", comment)
    return found.group(1) if found else None


def read_all(scim_url, scim_token, pg_url, pg_administrators):
    a, b = read_scim(scim_url, scim_token), read_postgres(pg_url, pg_administrators)
    return Observed(a.accounts + b.accounts, a.memberships + b.memberships, a.strange + b.strange)
