#!/usr/bin/env bash
# Tries the check on real targets without Tenure: puts them right by hand (simulate.py), demands that the check finds nothing,
# then that it finds every corruption, in copies of what it read and in the targets themselves.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
data=${REPLAY_DATA:-$here/../../../shared/data/hr/employees}
[ -d "$data" ] || { echo "replay: skipped: there is no $data (set REPLAY_DATA)" >&2; exit 0; }
work=$(mktemp -d)
chmod 711 "$work"
. "$here/targets.sh"
trap 'stop_targets; rm -rf "$work"' EXIT

# must_find TEXT YEAR DAYS: the check must fail and say so.
must_find() {
	if observe --year "$2" --days "$3" >"$work/out" 2>&1; then say "NOT FOUND: $1"; exit 1; fi
	grep -q -- "$1" "$work/out" || { say "found, but not named ($1):"; cat "$work/out" >&2; exit 1; }
	say "found in the targets: $(grep -m1 -- "$1" "$work/out")"
}

observe --self-test
start_targets
for step in "1985 0" "1986 0" "1986 40"; do
	set -- $step
	python3 "$here/simulate.py" "$data" "$1" "$2"
	observe --year "$1" --days "$2"
	observe --year "$1" --days "$2" --self-test
done

on_target -c 'create role "zzz.nobody" login'
must_find 'zzz.nobody belongs to nobody' 1986 40
on_target -c 'drop role "zzz.nobody"' -c 'alter role "georgi.facello" nologin'
must_find '10001 Georgi Facello .* is disabled, must be enabled' 1986 40
on_target -c 'alter role "georgi.facello" login' -c 'revoke eng_docs from "georgi.facello"'
must_find '10001 Georgi Facello .* lacks eng_docs' 1986 40
on_target -c 'grant eng_docs, ledger_read to "georgi.facello"'
must_find '10001 Georgi Facello .* holds ledger_read without a reason' 1986 40
on_target -c 'revoke ledger_read from "georgi.facello"'
id=$(curl -sS -H "Authorization: Bearer $SCIM_TOKEN" "$SCIM_URL/Users?count=2000" |
	python3 -c 'import json, sys; print(next(u["id"] for u in json.load(sys.stdin)["Resources"] if u["userName"] == "georgi.facello"))')
curl -sS --fail-with-body -X DELETE -H "Authorization: Bearer $SCIM_TOKEN" "$SCIM_URL/Users/$id"
must_find 'directory: 10001 Georgi Facello .* has no account' 1986 40
python3 "$here/simulate.py" "$data" 1986 40
observe --year 1986 --days 40 # put right again: nothing is wrong
say "the check has teeth"
