#!/usr/bin/env bash
# Has the running nginx take over changes of templates and settings, and with an argument another
# live lane: reload.sh [blue | green]. It ends well when new requests are answered by the new
# configuration; what nginx refuses, does not take over in time, or is interrupted, changes nothing. The
# lane that loses the traffic stands in for the other one, until stand-down.sh.
# shellcheck disable=SC2329  # those that are waited for are called by within_5_s, by name
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export RUN=${RUN:-/run/nginx} LANE_FOLDER=${LANE_FOLDER:-/var/lib/nginx-lane}
live=$LANE_FOLDER/live.conf

fail() {
    echo "nginx: $*" >&2
    exit 1
}

# Replaces the file at once, whole and for good.
name_live() {
    echo "default $1;" >"$live.new"
    sync "$live.new"
    mv "$live.new" "$live"
    sync "$LANE_FOLDER"
}

# Whether nginx answers by the configuration that is the current one.
taken_over() {
    [[ $("$here/ask.sh" /nginx/configuration 2>/dev/null | tail -n 1) == "$1 $(basename "$(readlink "$RUN/current")")" ]]
}

# The workers that take connections, a line each; one that is about to end is titled otherwise.
taking() {
    local master each title
    master=$(<"$RUN/nginx.pid")
    for each in $(<"/proc/$master/task/$master/children"); do
        if { IFS= read -r -d '' title <"/proc/$each/cmdline"; } 2>/dev/null && [[ $title == "nginx: worker process" ]]; then
            echo "$each"
        fi
    done
}

# Whether none of the workers of before takes connections: new ones are there a moment sooner than those know of it.
relieved() {
    local each
    for each in $(taking); do
        [[ $'\n'$workers$'\n' != *$'\n'$each$'\n'* ]] || return 1
    done
}

reload() {
    workers=$(taking)
    "$here/configure.sh" && signalled=yes && nginx -s reload -e stderr -p "$RUN" -c "$RUN/current/nginx.conf"
}

# Waits up to 5 seconds until it is so: within_5_s command argument...
within_5_s() {
    for _ in {1..50}; do
        if "$@"; then return 0; fi
        sleep 0.1
    done
    return 1
}

answers_by() { taken_over "$1" && relieved; }

# Waits until all that nginx answers from now on is by the configuration that is the current one.
in_use() {
    within_5_s answers_by "$1" && return
    echo "nginx: the configuration is not in use after 5 seconds" >&2
    return 1
}

undo() {
    trap '' INT TERM HUP
    # Workers that a reload is still bringing would not be among those of before the next one.
    [[ -z $signalled ]] || within_5_s relieved || true
    name_live "$before"
    if reload; then in_use "$before" || true; fi
    fail "$before is live as before"
}

[[ $# -le 1 ]] || fail "usage: reload.sh [blue | green]"
exec {lock}>"$RUN/lock"
flock -w 30 "$lock" || fail "another reload.sh runs for 30 seconds"
before=$(sed -n 's/^default \(.*\);$/\1/p' "$live")
lane=${1-$before}
[[ $lane == blue || $lane == green ]] || fail "no lane is named \"$lane\": blue or green"

signalled=""
trap undo INT TERM HUP
# A file, which requests look for. Nobody looks for that of the lane that has the traffic but kept connections, whose
# next request is still answered by the configuration of before: so it is left there.
[[ $lane == "$before" ]] || : >"$LANE_FOLDER/standby-$before"
name_live "$lane"
if reload && in_use "$lane"; then exit 0; fi
undo
