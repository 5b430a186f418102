#!/usr/bin/env bash
# Starts PostgreSQL in its container, on the configuration beside this script; makes the cluster first where there is
# none. What it is given is added to the server's arguments: start.sh -c log_min_duration_statement=100ms
#
#   TANDEM_POSTGRES_DATA   the folder that is kept, a volume (default: /var/lib/postgresql/data)
#   TANDEM_SECRETS_DIR     has postgres_password, the superuser's, used once: for a new cluster (default: /run/secrets)
#
# The signal that stops it is SIGINT: PostgreSQL then ends all connections, writes its state and leaves. SIGTERM would
# wait for clients, and services keep their connections open.
set -euo pipefail
umask 077

configuration="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
data="${TANDEM_POSTGRES_DATA:-/var/lib/postgresql/data}"
password="${TANDEM_SECRETS_DIR:-/run/secrets}/postgres_password"
# Not named by the version: an image of the next one must refuse these data, and not begin empty beside them.
cluster="$data/cluster"
half_made="$data/cluster.new"
readonly configuration data password cluster half_made

fail() {
  echo "start.sh: $1" >&2
  exit 1
}

# Two servers on the same files would ruin them. PostgreSQL's own guard compares process ids, which mean nothing across
# containers; this lock holds across them, and lasts until the last process that has it open is gone.
take_the_folder() {
  if ! [ -d "$data" ] || ! [ -w "$data" ]; then fail "$data is not a folder that user $(id -u) can write to"; fi
  exec 9>"$data/in-use"
  flock --nonblock 9 || fail "another server works on $data"
}

# Makes the cluster under another name, so that one that is there is always whole.
make_cluster() {
  [ -s "$password" ] || fail "$password is not there, or empty: a new cluster needs the superuser's password"
  rm -rf "$half_made"
  echo "start.sh: making a cluster in $cluster"
  # The locale C.UTF-8 of PostgreSQL itself: indexes stay right whatever libc the next image brings.
  as_a_child initdb --pgdata="$half_made" --username=postgres --pwfile="$password" --auth=scram-sha-256 \
    --data-checksums --encoding=UTF8 --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8 \
    --no-instructions
  # Its view is read in the database postgres; postgresql.conf loads what fills it.
  echo "CREATE EXTENSION pg_stat_statements" | postgres --single -D "$half_made" postgres >/dev/null
  mv "$half_made" "$cluster"
  sync "$data"
}

# Runs a command that a signal ends: a shell would otherwise hear of the signal only once the command is over.
as_a_child() {
  "$@" &
  local child=$!
  trap 'kill -TERM "$child" 2>/dev/null; wait "$child"; echo "start.sh: stopped before the cluster was made" >&2; exit 143' INT TERM
  wait "$child"
  trap - INT TERM
}

# Prints what follows from the memory that the container may use: a quarter for PostgreSQL's own cache. The rest is for
# its processes, and for the kernel's cache of the same files, which counts as the container's too.
memory_settings() {
  local limit bytes=max
  # Where the kernel's control groups of version 2 and of version 1 say it.
  for limit in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    if [ -r "$limit" ]; then read -r bytes <"$limit"; fi
  done
  # Version 1 says "no limit" by a number that no machine has.
  if [ "$bytes" = max ] || [ "$bytes" -ge $((1 << 50)) ]; then return; fi
  local mebibytes=$((bytes / 1024 / 1024))
  printf -- '-c\nshared_buffers=%dMB\n-c\neffective_cache_size=%dMB\n' $((mebibytes / 4)) $((mebibytes * 5 / 8))
}

take_the_folder
if ! [ -e "$cluster" ]; then make_cluster; fi
mapfile -t sized < <(memory_settings)
exec postgres -D "$cluster" -c "config_file=$configuration/postgresql.conf" -c "hba_file=$configuration/pg_hba.conf" \
  "${sized[@]}" "$@"
