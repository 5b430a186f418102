#!/usr/bin/env bash
# Keeps the routes of this image for a lane: routes.sh (blue | green). They lead to services beside account, and a
# release in the lane may have other ones than the image that runs; configure.sh takes those of the live lane.
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${LANE_FOLDER:=/var/lib/nginx-lane}"

[[ $# -eq 1 && $1 =~ ^(blue|green)$ ]] || { echo "nginx: usage: routes.sh (blue | green)" >&2 && exit 1; }
kept=$LANE_FOLDER/routes-$1
rm -rf "$kept.new"
mkdir "$kept.new" "$kept.new/templates" "$kept.new/parts"
for route in "$here"/parts/*.route.template; do
    name=$(basename "$route" .route.template)
    cp "$route" "$kept.new/parts"
    cp "$here/templates/$name.conf.template" "$kept.new/templates"
done
sync -f "$kept.new"
rm -rf "$kept"
mv "$kept.new" "$kept"
sync "$LANE_FOLDER"
