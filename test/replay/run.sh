#!/usr/bin/env bash
# The replay: years of a real HR feed through Tenure into a foreign SCIM server and PostgreSQL roles, judged after every
# snapshot by a check that shares no code with Tenure. See README.md; the settings are environment variables:
# With the word as-of only what HR tells is loaded, and answers about the past are held against the files: no targets, no workers.
#   YEARS        how many snapshots to replay, from the first (default: all)
#   TENURE       the binary to try (default: built from this tree)
#   REPLAY_DATA  folder of the yearly snapshots
#   SCIM_SERVER  another SCIM server to run: takes PORT=0 and TOKEN, prints "ready ADDRESS" (default: test/scim/server.mjs)
#   KEEP         set to keep the working folder with its logs and databases
#   DATABASE_URL an empty database for Tenure (default: the private one it supervises itself)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
data=${REPLAY_DATA:-$here/../../../shared/data/hr/employees}
[ -d "$data" ] || { echo "replay: skipped: there is no $data (set REPLAY_DATA)" >&2; [ -z "${CI:-}" ] || exit 1; exit 0; }
work=$(mktemp -d "${TMPDIR:-/tmp}/tenure-replay.XXXXXX")
chmod 711 "$work" # the database servers run as another user below it
logs=$work/logs
mkdir "$logs"
. "$here/targets.sh"
workers=()

finish() {
	local status=$? pid
	trap - EXIT INT TERM
	for pid in "${workers[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
	stop_targets
	if [ "$status" != 0 ]; then
		[ ! -s "$work/results" ] || python3 "$here/check.py" --table "$work/results" || true
		say "failed; the ends of the logs:"
		tail -n 15 "$logs"/* "$work"/*.log >&2 2>/dev/null || true
	fi
	if [ "$status" != 0 ] || [ -n "${KEEP:-}" ]; then say "kept: $work"; else rm -rf "$work"; fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# tenure COMMAND... on the replay's data folder.
tenure() { "$TENURE" "$@" --data "$work/data"; }

# field FILE NAME: one field of the JSON answer in a file.
field() { python3 -c 'import json, sys; v = json.load(open(sys.argv[1])).get(sys.argv[2]); print(json.dumps(v) if isinstance(v, bool) else v)' "$1" "$2"; }

build() {
	[ -z "${TENURE:-}" ] || return 0
	need go "it builds Tenure"
	TENURE=$work/tenure
	(cd "$root" && go build -o "$TENURE" ./cmd/tenure)
}

# load YEAR DATE ANSWER loads a snapshot. The operator loads; what the brake holds is released by a person, who is never the loader.
load() {
	local answer=$3 token person status=0
	tenure hr sync employees --file "$data/$1-12-31.csv" --effective "$2" --json >"$answer" 2>>"$logs/sync" || status=$?
	if [ "$(field "$answer" held 2>>"$logs/sync")" = true ]; then
		say "$2: held: $(field "$answer" reason)"
		person=$(stayer)
		token=$(tenure token --as "$person" 2>>"$logs/token")
		TENURE_TOKEN=$token tenure hr release "$(field "$answer" run)" --reason "replay of $1: the change is in the published history" >>"$logs/release" 2>&1
	elif [ "$status" != 0 ]; then
		say "$2: tenure hr sync ended with status $status"
		return "$status"
	fi
}

# stayer is somebody who is in every file: whoever releases must still work here.
stayer() { python3 -c '
import csv, glob, sys
files = sorted(glob.glob(sys.argv[1] + "/*.csv"))
print(min(set.intersection(*({r["employee_no"] for r in csv.DictReader(open(f, encoding="utf-8"))} for f in files))))' "$data"; }

# work_until_idle runs two workers at once until nothing is left to do.
work_until_idle() {
	local n pid failed=0
	workers=()
	for n in 1 2; do
		"$TENURE" work --until-idle --data "$work/data" >>"$logs/work$n" 2>&1 &
		workers+=($!)
	done
	for pid in "${workers[@]}"; do wait "$pid" || failed=1; done
	workers=()
	[ "$failed" = 0 ] || { say "a worker failed"; return 1; }
}

# step YEAR DAYS: the snapshot of the year as it takes effect, or the same file DAYS later, then the check.
step() {
	local year=$1 days=$2 date start seconds answer=$work/sync.json
	date=$(python3 -c 'import datetime, sys; print(datetime.date(int(sys.argv[1]), 12, 31) + datetime.timedelta(int(sys.argv[2])))' "$year" "$days")
	start=$EPOCHREALTIME
	load "$year" "$date" "$answer"
	work_until_idle
	seconds=$(python3 -c 'import sys; print(round(float(sys.argv[2]) - float(sys.argv[1]), 1))' "$start" "$EPOCHREALTIME")
	tenure status --json >"$work/status.json" 2>>"$logs/status"
	observe --year "$year" --days "$days" --sync "$answer" --status "$work/status.json" --seconds "$seconds" --results "$work/results"
}

# as_of COUNT MIDDLE asks who held what at random days of the past, all at once, and holds the answers against the files: as is known now, and as
# was known after the file of the year in the middle. Then one value of the files at a time is altered, which must be found.
as_of() {
	local middle=$2
	"$here/asof.py" pairs --data "$data" --years "$1" >"$work/pairs.csv"
	tenure as-of --pairs "$work/pairs.csv" --json >"$work/asof.json" 2>>"$logs/asof"
	"$here/asof.py" check "$work/asof.json" --data "$data" --years "$1"
	"$here/asof.py" teeth "$work/asof.json" --data "$data" --years "$1"
	tenure as-of --pairs "$work/pairs.csv" --known "$(cat "$work/known.$middle")" --json >"$work/asof-then.json" 2>>"$logs/asof"
	"$here/asof.py" check "$work/asof-then.json" --data "$data" --years "$1" --until "$middle"
}

# past loads every file as it takes effect and again 40 days later, and asks about the past.
past() {
	local year
	export SCIM_URL=http://127.0.0.1:9 SCIM_TOKEN=none PG_URL=postgres://nobody@127.0.0.1:9/none # nothing is carried there
	tenure migrate --replay >>"$logs/migrate" 2>&1
	tenure apply -f "$here/policy" >>"$logs/apply" 2>&1
	for year in "$@"; do
		load "$year" "$year-12-31" "$work/sync.json"
		load "$year" "$((year + 1))-02-09" "$work/sync.json"
		date -u +%FT%T.%6NZ >"$work/known.$year"
	done
}

main() {
	local years year second
	mapfile -t years < <(cd "$data" && ls -- *-12-31.csv | sed 's/-12-31\.csv$//' | head -n "${YEARS:-1000}")
	build
	if [ "${1:-}" = as-of ]; then
		past "${years[@]}"
		as_of "${#years[@]}" "${years[$((${#years[@]} / 2))]}"
		return
	fi
	start_targets
	tenure migrate --replay >>"$logs/migrate" 2>&1
	tenure apply -f "$here/policy" >>"$logs/apply" 2>&1
	second=${years[1]:-}
	for year in "${years[@]}"; do
		step "$year" 0
		[ "$year" != "$second" ] || observe --year "$year" --days 0 --self-test >"$logs/teeth"
		step "$year" 40
		[ "$year" != "$second" ] || observe --year "$year" --days 40 --self-test >>"$logs/teeth"
		date -u +%FT%T.%6NZ >"$work/known.$year"
	done
	as_of "${#years[@]}" "${years[$((${#years[@]} / 2))]}"
	echo
	python3 "$here/check.py" --table "$work/results"
}
main "$@"
