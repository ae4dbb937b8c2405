#!/usr/bin/env python3
"""As-of answers against the files: who worked here on a day, as what, for whom, and which access the rules gave.

    asof.py pairs                    prints random persons and days (CSV: number, day) for tenure as-of --pairs
    asof.py check ANSWERS            judges what it answered; exit status 1: differences, the first 20 are named
    asof.py check ANSWERS --until Y  the same, as was believed before the first file after that of the year Y
    asof.py teeth ANSWERS            alters one value of the files at a time and demands that the check fails

Like check.py it shares no code with the engine: it reads the CSV files itself and has the rules from rules.py. Standard library only.
"""

import argparse
import copy
import csv
import datetime
import glob
import json
import os
import random
import sys

import rules

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "..", "..", "shared", "data", "hr", "employees")
SHOWN = 20
AGAIN = 40  # the same file is loaded so many days later, and business time has come to then


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("act", choices=("pairs", "check", "teeth"))
    p.add_argument("answers", nargs="?", help="file with what tenure as-of --pairs --json answered")
    p.add_argument("--data", default=os.environ.get("REPLAY_DATA", DATA), help="folder of the yearly snapshots")
    p.add_argument("--years", type=int, default=1000, help="how many snapshots were replayed, from the first")
    p.add_argument("--until", type=int, help="judge by the files up to this year only")
    p.add_argument("-n", type=int, default=1000, help="how many pairs")
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


def read(folder, years):
    """The files by the day on which each took effect, in order: {day: {number: row}}."""
    out = {}
    for path in sorted(glob.glob(os.path.join(folder, "*-12-31.csv")))[:years]:
        with open(path, encoding="utf-8", newline="") as f:
            out[datetime.date.fromisoformat(os.path.basename(path)[:10])] = {r["employee_no"]: r for r in csv.DictReader(f)}
    return out


def pairs(files, n, seed):
    """Random persons and days; every other day lies soon after a file, where hand-overs end."""
    rnd, days = random.Random(seed), sorted(files)
    people = sorted(set().union(*files.values()), key=int)
    first, last = days[0] - datetime.timedelta(200), days[-1] + datetime.timedelta(AGAIN)
    out = set()
    while len(out) < n:
        day = first + datetime.timedelta(rnd.randrange((last - first).days + 1))
        if len(out) % 2:
            day = rnd.choice(days) + datetime.timedelta(rnd.randrange(20))
        out.add((rnd.choice(people), day))
    return sorted(out)


def expected(files, number, day):
    """What must be answered of a person as of the end of a day: (facts, access)."""
    stated = [d for d in files if number in files[d]]
    if not stated:  # not in these files
        return {"told": False}, frozenset()
    hired = datetime.date.fromisoformat(files[stated[0]][number]["hire_date"])
    if day < min(hired, stated[0]):
        return {"told": False}, frozenset()
    before = [d for d in files if d <= day]
    here = [d for d in before if number in files[d]]
    row = files[here[-1] if here else stated[0]][number]
    facts = {"told": True, "department": row["department"], "title": row["title"], "first_name": row["first_name"], "last_name": row["last_name"],
             "state": "active"}
    # Managers named before any file has them are joined when one does, unless the person has left by then.
    last = here[-1] if here else stated[0]
    facts["manager"] = row["manager_no"] if any(row["manager_no"] in files[d] for d in files if d <= last) else ""
    if not here:  # hired before the first file that names them
        return facts, frozenset()
    if here[-1] != before[-1]:
        facts["state"] = "left"
        return facts, frozenset()
    held = set(rules.access(row["department"], row["title"]))
    if len(here) > 1:
        old = files[here[-2]][number]
        lost = rules.access(old["department"], old["title"]) - held
        held |= {e for e in lost if rules.handover_days(e) > (day - here[-1]).days}
    return facts, frozenset(held)


def answered(path):
    """What was answered, by number and day."""
    out = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            a = json.loads(line)
            out[a["number"], datetime.date.fromisoformat(a["at"][:10])] = a
    return out


def differences(files, answers, asked, circles):
    """Every difference in plain words, how many facts were compared, and how many managers were left out."""
    found, facts, left_out = [], 0, 0
    for number, day in asked:
        must, access = expected(files, number, day)
        got = answers.get((number, day))
        who = "%s as of %s" % (number, day)
        if got is None:
            found.append("%s: nothing was answered" % who)
            continue
        work, told = got["work"], got["work"].get("attributes", {})
        if work["told"] != must["told"]:
            found.append("%s: told of is %s, must be %s" % (who, work["told"], must["told"]))
            continue
        for name, value in must.items():
            if name == "told":
                continue
            if name == "manager" and number in circles:  # of a circle the engine chooses whose manager it refuses
                left_out += 1
                continue
            has = work.get(name, "") if name in ("state", "manager") else told.get(name, "")
            facts += 1
            if has != value:
                found.append("%s: %s is %r, must be %r" % (who, name, has, value))
        has = {(g["application"], g["entitlement"]) for g in got["held"] if g["entitlement"]}
        facts += len(access)
        found += ["%s: lacks %s %s" % (who, *e) for e in sorted(access - has)]
        found += ["%s: holds %s %s without a rule" % (who, *e) for e in sorted(has - access)]
    return found, facts, left_out


def all_circles(files):
    return set().union(*(c for f in files.values() for c in rules.manager_circles(f)))


def check(files, answers, asked):
    found, facts, left_out = differences(files, answers, asked, all_circles(files))
    print("as of: %d persons and days, %d facts compared, %d managers in circles left out; wrong %d" % (len(asked), facts, left_out, len(found)))
    for text in found[:SHOWN]:
        print("  wrong: " + text, file=sys.stderr)
    return 1 if found else 0


def teeth(files, answers, asked):
    """One value altered must be one person's difference: each kind of value, at a pair where it counts."""
    failed, circles = 0, all_circles(files)
    for what in ("department", "title", "manager_no", "first_name", "absence"):
        caught = None
        for number, day in asked:
            here = [d for d in files if d <= day and number in files[d]]
            if not here or here[-1] != max(d for d in files if d <= day) or what == "manager_no" and number in circles:
                continue
            altered = dict(files)
            altered[here[-1]] = copy.copy(files[here[-1]])
            row = dict(altered[here[-1]].pop(number))
            if what != "absence":
                row[what] = {"department": "Finance" if row["department"] != "Finance" else "Sales",
                             "title": "Staff" if row["title"] != "Staff" else "Engineer", "manager_no": number, "first_name": "Nobody"}[what]
                altered[here[-1]][number] = row
            found, _, _ = differences(altered, answers, [(number, day)], circles)
            caught = found[0] if found else None
            break
        failed += caught is None
        print("as of: %s altered: %s" % (what, "found: " + caught if caught else "NOT FOUND"))
    return 1 if failed else 0


def main():
    args = arguments()
    files = read(args.data, args.years)
    asked = pairs(files, args.n, args.seed)
    if args.act == "pairs":
        for number, day in asked:
            print("%s,%s" % (number, day))
        return 0
    if args.until:
        files = {d: f for d, f in files.items() if d.year <= args.until}
    return (check if args.act == "check" else teeth)(files, answered(args.answers), asked)


if __name__ == "__main__":
    sys.exit(main())
