"""Proves that the check can fail: corrupts copies of what the targets hold and demands that each corruption is found."""

import compare
import rules
import targets


def bite(world, observed):
    """0 when the observation is right as it is and every corruption of a copy is found and names the right person."""
    wrong = compare.differences(world, observed)
    if wrong:
        print("self-test: the targets are wrong already: " + wrong[0])
        return 1
    failed = 0
    for name, needle, corrupted in corruptions(world, observed):
        if corrupted is None:
            print("self-test: %s: nobody to try it on at this date" % name)
            continue
        found = compare.differences(world, corrupted)
        named = [text for text in found if needle in text]
        failed += not named
        print("self-test: %s: %s" % (name, "found: " + named[0] if named else "NOT FOUND"))
    print("self-test: %s" % ("%d corruptions were not found" % failed if failed else "every corruption is found"))
    return 1 if failed else 0


def corruptions(world, observed):
    """(what is corrupted, what the message must contain, the corrupted copy or None where the date offers no case)."""
    owner, _ = compare.correlate(world, observed)
    account = {(a.target, n): a for a, n in owner.items()}

    def copy(accounts=None, memberships=None):
        return targets.Observed(observed.accounts if accounts is None else accounts,
                                observed.memberships if memberships is None else memberships, observed.strange)

    def swap(old, **new):
        return copy(accounts=[a._replace(**new) if a == old else a for a in observed.accounts])

    def without(m):
        return copy(memberships=[x for x in observed.memberships if x != m])

    def plus(*m):
        return copy(memberships=observed.memberships + list(m))

    def membership(number, e):
        return (e[0], account[e[0], number].native, e[1])

    one = min(world.now, key=int)
    some = sorted(world.given[one])[0]
    absent = sorted(rules.entitlements() - world.expected(one))[0]
    for t in rules.TARGETS:
        mine = account[t, one]
        yield "a missing account in " + t, one + " ", copy(accounts=[a for a in observed.accounts if a != mine])
        yield "a disabled account of a present person in " + t, one + " ", swap(mine, enabled=False)
        yield "an account of nobody in " + t, "nobody", copy(
            accounts=observed.accounts + [targets.Account(t, "x1", "zzz.nobody", False, None)])
        yield "a second account in " + t, one + " ", copy(
            accounts=observed.accounts + [targets.Account(t, "x2", mine.login + "2", True, one)])
    yield "a missing membership", one + " ", without(membership(one, some))
    yield "a membership too many", one + " ", plus(membership(one, absent))
    yield "a member listed twice", "2 times", plus(membership(one, some))

    gone = next((n for n in sorted(world.leavers, key=int) if (rules.SCIM, n) in account), None)
    leaver = account.get((rules.SCIM, gone))
    yield "an enabled leaver", "%s " % gone, leaver and swap(leaver, enabled=True)
    yield "a leaver with a membership", "%s " % gone, leaver and plus((rules.SCIM, leaver.native, "dept-sales"))
    buried = next(iter(sorted(set(world.ever) - set(world.now) - set(account_numbers(account)), key=int)), None)
    yield "an account after retention", "%s " % buried, buried and copy(
        accounts=observed.accounts + [targets.Account(rules.SCIM, "x3", rules.login(world.ever[buried]), False, buried)])
    yield from _movers(world, without, plus, membership)


def account_numbers(account):
    return {n for _, n in account}


def _movers(world, without, plus, membership):
    kept = next(((n, sorted(world.kept[n])[0]) for n in sorted(world.movers, key=int) if world.kept[n]), None)
    yield "a hand-over cut short", kept[0] + " " if kept else "", kept and without(membership(*kept))
    for what, days in (("access kept after its hand-over", lambda d: 0 < d), ("privileged or 0-day access kept after a move", lambda d: d == 0)):
        late = next(((n, e) for n in sorted(world.movers, key=int) for e in sorted(world.lost(n)) if days(rules.handover_days(e))), None)
        yield what, late[0] + " " if late else "", late and plus(membership(*late))


def made_up(folder):
    """The self-test on targets made up from the rules for the second and third snapshot; needs no server."""
    failed = 0
    for year in (1986, 1990):
        for days in (0, 40):
            print("self-test: made-up targets, %d +%d days" % (year, days))
            world = rules.World(folder, year, days)
            failed += bite(world, made(world))
    return 1 if failed else 0


def made(world):
    """Targets that are exactly as they must be."""
    accounts, memberships, used = [], [], set()
    for number in sorted(world.ever, key=int):
        login = rules.login(world.ever[number])
        while login in used:
            login += "2"
        used.add(login)
        if world.account(number) == "absent":
            continue
        for t in rules.TARGETS:
            accounts.append(targets.Account(t, t + number, login, world.account(number) == "enabled", number))
        memberships += [(t, t + number, e) for t, e in world.expected(number)]
    return targets.Observed(accounts, memberships)
