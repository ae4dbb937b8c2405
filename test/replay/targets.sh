# The two real targets of the replay, on loopback: sourced by run.sh and selftest.sh, which set $work (a folder of theirs).
# start_targets exports SCIM_URL, SCIM_TOKEN, PG_URL (the connector's, with its own role) and PG_CHECK_URL (the reader's).
# stop_targets ends what start_targets started, by process id, and nothing else.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
scim_server=${SCIM_SERVER:-$root/test/scim/server.mjs}
scim_pid= pg_running=
PG_ADMINS=postgres,tenure_target

say() { printf '%s\n' "replay: $*" >&2; }

need() { command -v "$1" >/dev/null || { say "$1 is needed: $2"; exit 1; }; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

secret() { python3 -c 'import secrets; print(secrets.token_hex(16))'; }

# as_server runs a command as somebody PostgreSQL agrees to run as.
as_server() {
	if [ "$(id -u)" != 0 ]; then "$@"; return; fi
	local user=nobody
	id postgres >/dev/null 2>&1 && user=postgres
	runuser -u "$user" -- "$@"
}

pg_program() {
	local p
	p=$(command -v "$1" || true)
	[ -n "$p" ] || p=$(ls -d /usr/lib/postgresql/*/bin/"$1" 2>/dev/null | sort -V | tail -1)
	[ -n "$p" ] || { say "PostgreSQL's $1 is needed (Debian: apt-get install postgresql)"; exit 1; }
	echo "$p"
}

start_scim() {
	need node "the SCIM server runs on it (Debian: apt-get install nodejs npm)"
	[ -f "$scim_server" ] || { say "there is no $scim_server"; exit 1; }
	local folder line
	folder=$(dirname "$scim_server")
	[ -d "$folder/node_modules" ] || (cd "$folder" && npm ci --no-audit --no-fund) >"$work/npm.log" 2>&1
	SCIM_TOKEN=$(secret)
	mkfifo "$work/scim.out"
	PORT=0 TOKEN=$SCIM_TOKEN node "$scim_server" >"$work/scim.out" 2>"$work/scim.log" &
	scim_pid=$!
	exec {scim_out}<"$work/scim.out"
	read -r -t 30 line <&"$scim_out" || { say "the SCIM server did not start"; exit 1; }
	SCIM_URL=${line#ready }
	export SCIM_TOKEN SCIM_URL
	cat <&"$scim_out" >>"$work/scim.log" & # ends with the server
}

start_postgres() {
	need psql "Debian: apt-get install postgresql-client"
	local dir=$work/target port password
	port=$(free_port)
	password=$(secret)
	install -d -m 0700 "$dir"
	[ "$(id -u)" != 0 ] || chown "$(as_server id -u)" "$dir"
	as_server "$(pg_program initdb)" -D "$dir/data" -U postgres --auth-local=trust --auth-host=scram-sha-256 -E UTF8 --locale=C \
		>"$work/target.log" 2>&1
	# It is thrown away afterwards, so it need not survive a crash of this machine.
	as_server "$(pg_program pg_ctl)" -D "$dir/data" -l "$dir/server.log" -w -t 60 \
		-o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60" start >>"$work/target.log" 2>&1
	pg_running=$dir/data
	PG_CHECK_URL="postgresql:///postgres?host=$dir&port=$port&user=postgres"
	PG_URL="postgres://tenure_target:$password@127.0.0.1:$port/postgres?sslmode=disable"
	export PG_CHECK_URL PG_URL
	on_target -c "create role tenure_target login createrole password '$password'"
}

on_target() { psql -X -q -v ON_ERROR_STOP=1 -d "$PG_CHECK_URL" "$@"; }

# seed_entitlements makes the groups and roles that the policy hands out: they belong to the targets, Tenure only fills them.
seed_entitlements() {
	local target name
	while read -r target name; do
		case $target in
		directory) curl -sS --fail-with-body -o /dev/null -H "Authorization: Bearer $SCIM_TOKEN" -H 'Content-Type: application/scim+json' \
			--data "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"$name\"}" "$SCIM_URL/Groups" ;;
		warehouse) echo "create role $name;" ;;
		esac
	done < <(python3 "$here/check.py" --entitlements) >"$work/roles.sql"
	on_target -f "$work/roles.sql"
	# From version 16 on CREATEROLE alone no longer hands out roles that somebody else made.
	if [ "$(on_target -At -c 'show server_version_num')" -ge 160000 ]; then
		sed -nE 's/^create role (.*);$/grant \1 to tenure_target with admin option, inherit false;/p' "$work/roles.sql" | on_target -f -
	fi
}

start_targets() {
	need python3 "the check is written in it"
	need curl "Debian: apt-get install curl"
	start_scim
	start_postgres
	seed_entitlements
}

stop_targets() {
	[ -z "$scim_pid" ] || { kill "$scim_pid" 2>/dev/null && wait "$scim_pid" 2>/dev/null; } || true
	[ -z "$pg_running" ] || as_server "$(pg_program pg_ctl)" -D "$pg_running" -m fast -w stop >/dev/null 2>&1 || true
}

# observe runs the check with what it needs to know about the targets.
observe() { python3 "$here/check.py" --data "$data" --pg-admins "$PG_ADMINS" "$@"; }
