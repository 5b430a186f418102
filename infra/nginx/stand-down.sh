#!/usr/bin/env bash
# Ends that a lane stands in for the live one: stand-down.sh (blue | green). It does so since it lost the
# traffic to that lane (reload.sh); who takes it away, or puts an untried release into it, ends that first.
set -euo pipefail

[[ $# -eq 1 && $1 =~ ^(blue|green)$ ]] || { echo "nginx: usage: stand-down.sh (blue | green)" >&2 && exit 1; }
rm -f "${LANE_FOLDER:-/var/lib/nginx-lane}/standby-$1"
