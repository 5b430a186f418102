#!/usr/bin/env bash
# The healthcheck of the container: nginx answers, and it has found the live lane, or looked for it long enough. It asks for
# addresses only once it runs: who waits until it is healthy would otherwise be told that the site is not available.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${RUN:=/run/nginx}"
: "${PATIENCE:=5}" # seconds; an answer that was lost is asked for again in less

"$here/ask.sh" /nginx/health >/dev/null
[[ ! -e $RUN/looked ]] || exit 0
age=$(($(printf '%(%s)T' -1) - $(stat --format=%Y "$RUN/nginx.pid")))
"$here/ask.sh" /nginx/live || ((age >= PATIENCE))
: >"$RUN/looked"
