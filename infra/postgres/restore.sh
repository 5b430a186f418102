#!/usr/bin/env bash
# Brings a database back from a file of backup.sh: restore.sh [--replace] [--other-revision] FILE
#
#   --replace          also where the database has tables; it is kept, under another name that the end tells
#   --other-revision   also where the backup's schema is at another revision than the database in place
#
# The backup goes into a database of its own, which takes the other's name once it is whole and checked. Whatever fails
# before that changes nothing. Roles and their passwords belong to the server and are in no backup: `prepare` makes them.
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/connection.sh"

readonly RESTORING="${DATABASE}_restoring" SWAPS=5
REPLACED="${DATABASE}_replaced_$(date --utc +%Y%m%d_%H%M%S)"
readonly REPLACED
replace=no
other_revision=no
file=""
created=no

# shellcheck disable=SC2154  # scratch is from connection.sh
leave() {
  if [ "$created" = yes ]; then echo "DROP DATABASE IF EXISTS $RESTORING WITH (FORCE)" | run_sql postgres || true; fi
  rm -rf "$scratch"
}

read_arguments() {
  local argument
  for argument in "$@"; do
    case "$argument" in
      --replace) replace=yes ;;
      --other-revision) other_revision=yes ;;
      -*) fail "usage: restore.sh [--replace] [--other-revision] FILE" ;;
      *) file="$argument" ;;
    esac
  done
  [ -n "$file" ] || fail "usage: restore.sh [--replace] [--other-revision] FILE"
}

check_file() {
  local state
  if ! [ -r "$file" ] || ! [ -r "$file.sha256" ]; then fail "$file or $file.sha256 cannot be read"; fi
  state="$(cd "$(dirname "$file")" && sha256sum --check "$(basename "$file").sha256" 2>&1)" ||
    fail "$file is not what was written: its checksum differs"
  [ "${state##*: }" = OK ] || fail "$file.sha256 is about another file"
  revisions="$(revisions_in "$file")"
  [ -n "$revisions" ] || fail "$file has no schema of this product"
}

# Prints absent, empty or full.
state_in_place() {
  if [ -z "$(echo "SELECT 1 FROM pg_database WHERE datname = '$DATABASE'" | run_sql postgres)" ]; then
    echo absent
  elif [ "$(echo "SELECT count(*) FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace
      WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%')" | run_sql "$DATABASE")" = 0 ]; then
    echo empty
  else
    echo full
  fi
}

revisions_of() {
  if [ -z "$(echo "SELECT to_regclass('public.alembic_version')" | run_sql "$1")" ]; then return; fi
  echo "SELECT string_agg(version_num, ' ' ORDER BY version_num COLLATE \"C\") FROM public.alembic_version" | run_sql "$1"
}

check_place() {
  local there roles
  roles="$(echo "SELECT count(*) FROM pg_roles WHERE rolname IN ('tandem_owner', 'tandem_app')" | run_sql postgres)" ||
    fail "PostgreSQL at $PGHOST does not answer, or lets nobody in: the line above says which; see TANDEM_POSTGRES_HOST"
  [ "$roles" = 2 ] ||
    fail "the roles tandem_owner and tandem_app are not there: run \`python -m services.database prepare\` first"
  in_place="$(state_in_place)"
  if [ "$in_place" != full ]; then return; fi
  [ "$replace" = yes ] || fail "the database $DATABASE has tables; --replace puts the backup in its place, and keeps it"
  there="$(revisions_of "$DATABASE")"
  if [ "$there" != "$revisions" ] && [ "$other_revision" = no ]; then
    fail "the backup's schema is at ${revisions}, the database's at ${there:-none}; --other-revision restores it all the same"
  fi
}

# The rights on the database itself are in no backup of it. They are those that `prepare` sets.
restore() {
  echo "DROP DATABASE IF EXISTS $RESTORING" | run_sql postgres 2>/dev/null || fail "another restore is at work"
  echo "CREATE DATABASE $RESTORING OWNER tandem_owner ENCODING 'UTF8' TEMPLATE template0" | run_sql postgres
  created=yes
  echo "REVOKE ALL ON DATABASE $RESTORING FROM PUBLIC; GRANT CONNECT ON DATABASE $RESTORING TO tandem_app" | run_sql postgres
  pg_restore --exit-on-error --no-password --jobs=2 --dbname="$(address_of "$RESTORING")" "$file"
  [ "$(revisions_of "$RESTORING")" = "$revisions" ] || fail "the restored schema is not at $revisions"
  # A backup has no statistics: without them the first calls would be planned blindly.
  echo "ANALYZE" | run_sql "$RESTORING"
}

# Both names change in one transaction. Services' connections to the old database are ended; whoever connects meanwhile
# waits for the transaction, and one that came in between makes it fail, so it is tried again.
swap() {
  local attempt renaming=""
  if [ "$in_place" != absent ]; then renaming="ALTER DATABASE $DATABASE RENAME TO $REPLACED;"; fi
  for ((attempt = 1; attempt <= SWAPS; attempt++)); do
    if echo "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$DATABASE';
        BEGIN; $renaming ALTER DATABASE $RESTORING RENAME TO $DATABASE; COMMIT;" | run_sql postgres >/dev/null; then
      created=no
      return
    fi
  done
  fail "connections to $DATABASE kept coming: stop the services, then run it again"
}

trap leave EXIT
trap 'exit 143' INT TERM
read_arguments "$@"
write_password
check_file
check_place
restore
swap
echo "restore.sh: $DATABASE is as in $file, schema $revisions; \`migrate status\` says whether that fits the release"
if [ "$in_place" = full ]; then
  echo "restore.sh: what was there is kept as $REPLACED, until: DROP DATABASE $REPLACED"
elif [ "$in_place" = empty ]; then
  echo "DROP DATABASE $REPLACED" | run_sql postgres
fi
