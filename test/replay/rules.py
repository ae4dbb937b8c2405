"""What the replay's policy means, written down a second time by hand.

The check knows the rules from here and not from the policy files or from the engine: were both read from one place, a
mistake there would be invisible. Whoever changes policy/*.yaml changes this table as well.
"""

import csv
import os
import re

RETENTION_DAYS = 30
DEFAULT_HANDOVER_DAYS = 7

SCIM, PG = "directory", "warehouse"
TARGETS = (SCIM, PG)

# Which department belongs to which area; the area is a nested role with one database role.
_AREA = {
    "Development": "code_read", "Production": "code_read", "Quality Management": "code_read", "Research": "code_read",
    "Customer Service": "crm_read", "Marketing": "crm_read", "Sales": "crm_read",
    "Finance": "ledger_read", "Human Resources": "ledger_read",
}

# What each title gives, with everything nested in its role.
_TITLE = {
    "Assistant Engineer": [(PG, "eng_training"), (PG, "eng_docs")],
    "Engineer": [(PG, "eng_bench"), (PG, "eng_build"), (PG, "eng_docs")],
    "Senior Engineer": [(PG, "eng_release"), (PG, "eng_build"), (PG, "eng_docs")],
    "Technique Leader": [(SCIM, "leads"), (PG, "eng_review"), (PG, "eng_build"), (PG, "eng_docs")],
    "Staff": [(SCIM, "staff-desk")],
    "Senior Staff": [(PG, "staff_senior")],
}

# Days an access outlives the reason for it after a move, where that is not the default. Privileged access: none.
_HANDOVER = {
    (SCIM, "dept-finance"): 14, (PG, "staff_senior"): 14,
    (SCIM, "dept-human-resources"): 0,
    (SCIM, "leads"): 0, (SCIM, "pricing"): 0, (PG, "plant_control"): 0,
}


def access(department, title):
    """The set of (target, entitlement) that a person of this department and title must hold."""
    held = {(SCIM, "dept-" + department.lower().replace(" ", "-")), (PG, _AREA[department])}
    held.update(_TITLE[title])
    if department == "Development":
        held.add((PG, "dept_development"))
    if department in ("Production", "Quality Management") and title == "Technique Leader":
        held.add((PG, "plant_control"))
    if department == "Sales" and title == "Senior Staff":
        held.add((SCIM, "pricing"))
    if department == "Research" and title in ("Senior Engineer", "Senior Staff"):
        held.add((PG, "lab_senior"))
    return frozenset(held)


def entitlements():
    """Every (target, entitlement) that the rules can give."""
    return frozenset().union(*(access(d, t) for d in _AREA for t in _TITLE))


def handover_days(entitlement):
    return _HANDOVER.get(entitlement, DEFAULT_HANDOVER_DAYS)


def login(person):
    """The login name the template gives before any collision: letters, in lower case."""
    return re.sub(r"[^a-z.]", "", (person["first_name"] + "." + person["last_name"]).lower())


def read_year(folder, year):
    """The people of one snapshot by employee number; None before the first."""
    path = os.path.join(folder, "%d-12-31.csv" % year)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8", newline="") as f:
        return {row["employee_no"]: row for row in csv.DictReader(f)}


def manager_circles(people):
    """The sets of people who are, through their managers, their own managers: real files have a few."""
    found, settled = set(), set()
    for start in people:
        path, n = [], start
        while n in people and n not in settled and n not in path:
            path.append(n)
            n = people[n]["manager_no"]
        if n in path:
            found.add(frozenset(path[path.index(n):]))
        settled.update(path)
    return found


class World:
    """What must be true `days` days after the snapshot of `year` took effect."""

    def __init__(self, folder, year, days):
        self.year, self.days = year, days
        self.now = read_year(folder, year)
        if self.now is None:
            raise SystemExit("check: no snapshot of %d in %s" % (year, folder))
        before = read_year(folder, year - 1) or {}
        self.ever = {}
        for y in range(year - 40, year + 1):
            self.ever.update(read_year(folder, y) or {})
        self.row = {n: i for i, n in enumerate(self.now, 2)}  # row 1 is the header
        self.circles = manager_circles(self.now)
        self.new_circles = self.circles - manager_circles(before) if days == 0 else set()
        self.joiners = self.now.keys() - before.keys()
        self.leavers = before.keys() - self.now.keys()
        stayed = self.now.keys() & before.keys()
        moved = lambda *attrs: {n for n in stayed if any(before[n][a] != self.now[n][a] for a in attrs)}
        self.movers, self.by_department, self.by_title = moved("department", "title"), moved("department"), moved("title")
        self.given = {n: access(p["department"], p["title"]) for n, p in self.now.items()}
        # What a mover's new place does not give any more, and of that what the hand-over still keeps.
        self._lost = {n: access(before[n]["department"], before[n]["title"]) - self.given[n] for n in self.movers}
        self.kept = {n: frozenset(e for e in lost if handover_days(e) > days) for n, lost in self._lost.items()}

    def lost(self, number):
        """What a mover held before the move and must not hold now."""
        return self._lost[number] - self.kept[number]

    def expected(self, number):
        """The set of (target, entitlement) this person must hold now: nothing less, nothing more."""
        return self.given.get(number, frozenset()) | self.kept.get(number, frozenset())

    def account(self, number):
        """'enabled', 'disabled' (left, within retention) or 'absent' (left, retention over)."""
        if number in self.now:
            return "enabled"
        return "disabled" if number in self.leavers and self.days < RETENTION_DAYS else "absent"
