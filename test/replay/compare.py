"""Compares what the targets hold with what must be true, and names every difference in plain words."""

import collections
import re

import rules


def differences(world, observed):
    """Every difference between the world as it must be and the targets as they are, in plain words; none is right."""
    found = list(observed.strange)
    owner, unowned = correlate(world, observed)
    found += ["%s: the account %s belongs to nobody (%s)" % (
        a.target, a.login, "employee number " + a.number if a.number else "it shows no employee number") for a in unowned]
    held = _held(observed)
    by_person = collections.defaultdict(list)
    for account, number in owner.items():
        by_person[account.target, number].append(account)
        base = rules.login(world.ever[number])
        if not re.fullmatch(re.escape(base) + r"\d*", account.login):
            found.append("%s: %s has the account %s, which the name template does not give" %
                         (account.target, describe(world, number), account.login))
    for number in sorted(world.ever, key=int):
        for target in rules.TARGETS:
            found += _person(world, number, target, by_person[target, number], held)
    known = {(a.target, a.native) for a in observed.accounts}
    for (target, native, name), times in sorted(_counted(observed).items()):
        if (target, native) not in known:
            found.append("%s: %s lists a member %s that is no account" % (target, name, native))
        elif times > 1:
            found.append("%s: %s lists the member %s %d times" % (target, name, native, times))
    return found


def _counted(observed):
    return collections.Counter(observed.memberships)


def _held(observed):
    held = collections.defaultdict(set)
    for target, native, name in observed.memberships:
        held[target, native].add((target, name))
    return held


def _person(world, number, target, accounts, held):
    who, must = describe(world, number), world.account(number)
    if len(accounts) > 1:
        return ["%s: %s has %d accounts: %s" % (target, who, len(accounts), ", ".join(sorted(a.login for a in accounts)))]
    if not accounts:
        return [] if must == "absent" else ["%s: %s has no account, must have one that is %s" % (target, who, must)]
    account, found = accounts[0], []
    if must == "absent":
        found.append("%s: %s has left and retention is over, yet the account %s is still there" % (target, who, account.login))
    elif account.enabled != (must == "enabled"):
        found.append("%s: the account %s of %s is %s, must be %s" %
                     (target, account.login, who, "enabled" if account.enabled else "disabled", must))
    have = held[target, account.native]
    want = {e for e in world.expected(number) if e[0] == target}
    for e in sorted(want - have):
        kept = e in world.kept.get(number, ())
        found.append("%s: %s lacks %s, which %s" % (target, who, e[1], "the hand-over still keeps" if kept else "the rules give"))
    for e in sorted(have - want):
        found.append("%s: %s holds %s without a reason%s" % (target, who, e[1], _why_not(world, number)))
    return found


def _why_not(world, number):
    if number not in world.now:
        return " (has left)"
    return " (moved %d days ago)" % world.days if number in world.movers else ""


def describe(world, number):
    p = world.ever[number]
    place = "%s, %s" % (p["department"], p["title"]) if number in world.now else "left"
    return "%s %s %s (%s)" % (number, p["first_name"], p["last_name"], place)


def correlate(world, observed):
    """Whose each account is, by the employee number it shows: {account: number}, and the accounts of nobody."""
    owner = {a: a.number for a in observed.accounts if a.number in world.ever}
    return owner, [a for a in observed.accounts if a not in owner]


def counts(world, observed):
    """The figures of one row of the table."""
    out = {
        "year": world.year, "days": world.days, "people": len(world.now), "joiners": len(world.joiners),
        "movers": len(world.movers), "by_department": len(world.by_department), "by_title": len(world.by_title),
        "leavers": len(world.leavers), "left_ever": len(world.ever) - len(world.now), "accounts": {}, "memberships": {},
    }
    for t in rules.TARGETS:
        enabled = sum(a.enabled for a in observed.accounts if a.target == t)
        out["accounts"][t] = {"enabled": enabled, "disabled": sum(a.target == t for a in observed.accounts) - enabled}
        out["memberships"][t] = sum(m[0] == t for m in observed.memberships)
    return out


def engine_status(status, row):
    """Differences between what `tenure status --json` says and what the check counted itself."""
    found = []
    def same(what, says, counted):
        if says != counted:
            found.append("tenure status says %s = %s, the check counts %s" % (what, says, counted))
    same("people.active", status["people"].get("active", 0), row["people"])
    same("people.left", status["people"].get("left", 0), row["left_ever"])
    for t in rules.TARGETS:
        says = status["applications"].get(t, {})
        for state in ("enabled", "disabled"):
            same("%s.%s" % (t, state), says.get(state), row["accounts"][t][state])
        same(t + ".grants", says.get("grants"), row["memberships"][t])
        same(t + ".orphan", says.get("orphan"), 0)
        same(t + ".drift", says.get("drift"), 0)
    return found


def engine_sync(answer, world, again):
    """Differences between the answer of `tenure hr sync --json` and the files; again: the same file a second time."""
    found = []
    must = {"joiners": 0, "movers": 0, "leavers": 0, "returns": 0, "updated": 0} if again else {
        "joiners": len(world.joiners), "movers": len(world.movers), "leavers": len(world.leavers), "returns": 0}
    for field, value in must.items():
        if answer.get(field) != value:
            found.append("tenure hr sync says %s = %s, the files say %s" % (field, answer.get(field), value))
    found += _rejected(answer.get("rejected") or [], world)
    total = sum(answer.get(f) or 0 for f in ("joiners", "movers", "returns", "updated", "unchanged"))
    if total != len(world.now):
        found.append("tenure hr sync accounts for %d people, the file has %d" % (total, len(world.now)))
    return found


def _rejected(rejected, world):
    """The files have no broken rows, but circles of managers: of each new one at least one manager is refused, and nothing else."""
    found, refused = [], {r["row"] for r in rejected if r.get("field") == "manager"}
    in_circle = {world.row[n] for circle in world.circles for n in circle}
    for r in rejected:
        if r.get("field") != "manager" or r["row"] not in in_circle:
            found.append("tenure hr sync rejected row %s, field %s, which is right: %s" % (r["row"], r.get("field"), r.get("rule")))
    for circle in world.new_circles:
        if not refused & {world.row[n] for n in circle}:
            found.append("tenure hr sync let a circle of managers pass: " + ", ".join(sorted(circle)))
    return found
