#!/usr/bin/env bash
# Starts nginx in a container, as any user, writing nowhere but in RUN (a tmpfs) and LANE_FOLDER.
# SIGQUIT lets it finish what it answers. The settings are those of configure.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export RUN=${RUN:-/run/nginx}
rm -f "$RUN/nginx.pid" "$RUN/current.new" "$RUN/looked" # of a container that was killed
"$here/configure.sh"
exec nginx -e stderr -p "$RUN" -c "$RUN/current/nginx.conf"
