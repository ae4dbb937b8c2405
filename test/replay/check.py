#!/usr/bin/env python3
"""The independent check of the replay: are the targets exactly as the HR file and the rules demand?

It shares no code with the engine: it reads the CSV files, the SCIM server and PostgreSQL itself and has the rules from
rules.py, written by hand. Standard library only. Exit status 0: nothing wrong; 1: differences, the first 20 are named.
"""

import argparse
import json
import os
import sys

import compare
import rules
import targets
import teeth

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "..", "..", "shared", "data", "hr", "employees")
SHOWN = 20


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", default=os.environ.get("REPLAY_DATA", DATA), help="folder of the yearly snapshots")
    p.add_argument("--year", type=int, help="the snapshot that was applied last")
    p.add_argument("--days", type=int, default=0, help="days of business time since it took effect")
    p.add_argument("--scim", default=os.environ.get("SCIM_URL"), help="base address of the SCIM server; its token is in SCIM_TOKEN")
    p.add_argument("--pg", default=os.environ.get("PG_CHECK_URL"), help="address of the PostgreSQL server, for psql")
    p.add_argument("--pg-admins", default="postgres", help="login roles that are nobody's account, with commas")
    p.add_argument("--sync", help="file with the answer of tenure hr sync --json")
    p.add_argument("--status", help="file with the answer of tenure status --json")
    p.add_argument("--seconds", type=float, default=0, help="how long the engine took; goes into the row")
    p.add_argument("--results", help="append the row as JSON to this file")
    p.add_argument("--table", metavar="RESULTS", help="print the table per year of such a file and stop")
    p.add_argument("--entitlements", action="store_true", help="list every target and entitlement that the rules can give and stop")
    p.add_argument("--self-test", action="store_true",
                   help="corrupt copies of what the targets hold and demand that each corruption is found; "
                        "without --year on made-up targets")
    return p.parse_args()


def observe(args):
    if not args.scim or not args.pg:
        sys.exit("check: needs --scim and --pg (or SCIM_URL and PG_CHECK_URL)")
    return targets.read_all(args.scim, os.environ.get("SCIM_TOKEN", ""), args.pg, args.pg_admins.split(","))


def read_json(path):
    """The last JSON object of a file: progress lines may stand before it."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.split("\n") if line.startswith("{")]
        return json.loads(lines[-1])


def check(args):
    world, observed = rules.World(args.data, args.year, args.days), observe(args)
    wrong = compare.differences(world, observed)
    row = compare.counts(world, observed)
    if args.sync:
        wrong += compare.engine_sync(read_json(args.sync), world, again=args.days > 0)
    if args.status:
        wrong += compare.engine_status(read_json(args.status), row)
    row.update(wrong=len(wrong), seconds=args.seconds)
    print(line(row))
    if args.results:
        with open(args.results, "a", encoding="utf-8") as f:
            f.write(json.dumps(row) + "\n")
    for text in wrong[:SHOWN]:
        print("  wrong: " + text, file=sys.stderr)
    if len(wrong) > SHOWN:
        print("  ... and %d more" % (len(wrong) - SHOWN), file=sys.stderr)
    return 1 if wrong else 0


def line(row):
    """One check in one line."""
    return "%d +%2d days: %s people, %s joined, %s moved, %s left; %s; wrong %d; %.0f s" % (
        row["year"], row["days"], row["people"], row["joiners"], row["movers"], row["leavers"],
        "; ".join("%s %d/%d, %d memberships" % (t, row["accounts"][t]["enabled"], row["accounts"][t]["disabled"], row["memberships"][t])
                  for t in rules.TARGETS), row["wrong"], row["seconds"])


def table(path):
    """The table per year: the two checks of a year side by side, as "at once / after hand-over and retention"."""
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(text) for text in f]
    years = {}
    for r in rows:
        years.setdefault(r["year"], []).append(r)
    head = ("year", "people", "joiners", "movers (dept/title)", "leavers", "SCIM enabled+disabled", "PG enabled+disabled",
            "memberships", "wrong", "seconds")
    cells = [head]
    for year in sorted(years):
        checks = sorted(years[year], key=lambda r: r["days"])
        r = checks[0]
        each = lambda f: " / ".join(f(c) for c in checks)
        account = lambda t: each(lambda c: "%(enabled)d+%(disabled)d" % c["accounts"][t])
        cells.append((str(year), str(r["people"]), str(r["joiners"]), "%d (%d/%d)" % (r["movers"], r["by_department"], r["by_title"]),
                      str(r["leavers"]), account(rules.SCIM), account(rules.PG),
                      each(lambda c: str(sum(c["memberships"].values()))), each(lambda c: str(c["wrong"])),
                      each(lambda c: "%.0f" % c["seconds"])))
    widths = [max(len(c[i]) for c in cells) for i in range(len(head))]
    for c in cells:
        print("  ".join(text.rjust(w) for text, w in zip(c, widths)))
    wrong = sum(r["wrong"] for r in rows)
    print("%d years, %d checks, %d wrong, %.0f s (x / y: at the snapshot's date / %d days later)" %
          (len(years), len(rows), wrong, sum(r["seconds"] for r in rows), max(r["days"] for r in rows)))
    return 1 if wrong else 0


def main():
    args = arguments()
    if args.entitlements:
        for target, name in sorted(rules.entitlements()):
            print(target, name)
        return 0
    if args.table:
        return table(args.table)
    if args.self_test:
        if args.year is None:
            return teeth.made_up(args.data)
        return teeth.bite(rules.World(args.data, args.year, args.days), observe(args))
    if args.year is None:
        sys.exit("check: needs --year, --table or --self-test")
    return check(args)


if __name__ == "__main__":
    sys.exit(main())
