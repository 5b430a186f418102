#!/usr/bin/env bash
# Writes the database to a file: backup.sh FILE. It is one moment's state, taken while services go on writing.
#
# FILE is in pg_dump's custom format, and FILE.sha256 beside it has its checksum. They get their names when they are
# whole, the checksum first: a FILE that is there can be restored. One that is there already is not replaced.
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/connection.sh"

[ $# = 1 ] || fail "usage: backup.sh FILE"
file="$1"
folder="$(dirname "$file")"
name="$(basename "$file")"
partial="$folder/.$name.$$.partial"
# shellcheck disable=SC2154  # scratch is from connection.sh
trap 'rm -rf "$scratch" "$partial" "$partial.sha256"' EXIT
trap 'exit 143' INT TERM

! [ -e "$file" ] || fail "$file is there already"
[ -w "$folder" ] || fail "$folder is not a folder that user $(id -u) can write to"
write_password

# A migration at work holds tables; the backup waits for it, but not for ever.
pg_dump --format=custom --no-password --lock-wait-timeout=60s --file="$partial" --dbname="$(address_of "$DATABASE")"
revisions="$(revisions_in "$partial")"
[ -n "$revisions" ] || fail "the database $DATABASE has no schema of this product: nothing to back up"
checksum="$(sha256sum <"$partial")"
printf '%s  %s\n' "${checksum%% *}" "$name" >"$partial.sha256"
sync "$partial" "$partial.sha256"
trap '' INT TERM # both get their names, or none does
mv "$partial.sha256" "$file.sha256"
mv "$partial" "$file"
sync "$folder"
echo "backup.sh: $file: $(stat --format=%s "$file") bytes, schema $revisions, sha256 ${checksum%% *}"
