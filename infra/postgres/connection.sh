# shellcheck shell=bash
# Read by backup.sh and restore.sh: how they reach PostgreSQL as the superuser, and what they know of a backup.
#
#   TANDEM_POSTGRES_HOST   a folder of sockets or a host (default: /run/postgresql)
#   TANDEM_SECRETS_DIR     has postgres_password (default: /run/secrets)

# shellcheck disable=SC2034  # for those who read this
readonly DATABASE=tandem
scratch="$(mktemp -d)"
readonly scratch

fail() {
  echo "${0##*/}: $1" >&2
  exit 1
}

# libpq reads the password from a file that nobody else can read: no process's arguments or environment has it.
export PGPASSFILE="$scratch/pgpass" PGUSER=postgres PGCONNECT_TIMEOUT=10 PGAPPNAME="tandem ${0##*/}"
export PGHOST="${TANDEM_POSTGRES_HOST:-/run/postgresql}"

write_password() {
  local secret="${TANDEM_SECRETS_DIR:-/run/secrets}/postgres_password" password=""
  [ -s "$secret" ] || fail "$secret is not there, or empty: it has the superuser's password"
  IFS= read -r password <"$secret" || [ -n "$password" ]
  password="${password//\\/\\\\}"
  printf '*:*:*:*:%s\n' "${password//:/\\:}" >"$PGPASSFILE"
}

# Prints the address of the database $1; a server whose machine is gone is given up after a minute.
address_of() {
  printf 'dbname=%s tcp_user_timeout=60000 keepalives_idle=30' "$1"
}

# Runs SQL from standard input in the database $1, and prints what it answers, bare.
run_sql() {
  psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$(address_of "$1")"
}

# Prints the revisions of the schema in the backup $1, such as "c0001 e0001".
revisions_in() {
  pg_restore --data-only --table=alembic_version --file=- "$1" | sed -n '/^COPY /,/^\\\.$/{//!p}' | sort | xargs
}
