#!/usr/bin/env python3
"""Puts the targets right by hand, without Tenure, so that the check can be tried before and apart from the engine.

Writes the state that the rules demand `days` days after the snapshot of a year straight into the targets: SCIM requests
over HTTP and one SQL script through psql. Used by selftest.sh only.
"""

import json
import os
import subprocess
import sys
import urllib.request
import uuid

import rules
import targets

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def send(method, path, body=None):
    request = urllib.request.Request(os.environ["SCIM_URL"] + "/" + path, method=method, data=body and json.dumps(body).encode(), headers={
        "Authorization": "Bearer " + os.environ["SCIM_TOKEN"], "Content-Type": "application/scim+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def patch(path, *operations):
    send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})


def scim(world, logins):
    base, token = os.environ["SCIM_URL"], os.environ["SCIM_TOKEN"]
    seen = targets.read_scim(base, token)
    users = {a.number: a.native for a in seen.accounts}
    groups = {g["displayName"]: g for g in targets._pages(base, "Groups", token, 20)}
    for number, login in logins.items():
        state = world.account(number)
        if state == "absent":
            if number in users:
                send("DELETE", "Users/" + users.pop(number))
        elif number not in users:
            users[number] = send("POST", "Users", {"schemas": [USER, targets.ENTERPRISE], "userName": login, "active": True,
                                                   targets.ENTERPRISE: {"employeeNumber": number}})["id"]
        elif state == "disabled":
            patch("Users/" + users[number], {"op": "replace", "path": "active", "value": False})
    for name, group in groups.items():
        want = {users[n] for n in logins if (rules.SCIM, name) in world.expected(n)}
        if want != {m["value"] for m in group.get("members") or []}:
            patch("Groups/" + group["id"], {"op": "replace", "path": "members", "value": [{"value": u} for u in sorted(want)]})


def postgres(world, logins):
    url, skip = os.environ["PG_CHECK_URL"], ["postgres", "tenure_target"]
    seen = targets.read_postgres(url, skip)
    there, held, sql = {a.login for a in seen.accounts}, set(seen.memberships), []
    for number, login in logins.items():
        state = world.account(number)
        want = {e for e in world.expected(number) if e[0] == rules.PG}
        have = {e for e in rules.entitlements() if (rules.PG, login, e[1]) in held}
        if state == "absent":
            sql += ['drop role "%s";' % login] if login in there else []
            continue
        if login not in there:
            sql.append('create role "%s" login; comment on role "%s" is \'tenure:%s %s\';' % (login, login, uuid.uuid4(), number))
        elif state == "disabled":
            sql.append('alter role "%s" nologin;' % login)
        sql += ['grant %s to "%s";' % (e[1], login) for e in sorted(want - have)]
        sql += ['revoke %s from "%s";' % (e[1], login) for e in sorted(have - want)]
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"], input="\n".join(sql), text=True, check=True)


def main():
    folder, year, days = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    world, logins = rules.World(folder, year, days), {}
    for number in sorted(world.ever, key=int):
        base, n = rules.login(world.ever[number]), 1
        while (base if n == 1 else base + str(n)) in logins.values():
            n += 1
        logins[number] = base if n == 1 else base + str(n)
    scim(world, logins)
    postgres(world, logins)


if __name__ == "__main__":
    main()
