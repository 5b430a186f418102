#!/usr/bin/env bash
# Makes the role of console.sh, or sets its rights and its password again. It may read everything, and write no data,
# whatever it is told: its rights are to read, and what everybody may write otherwise is taken from everybody.
#
#   TANDEM_POSTGRES_HOST   see connection.sh
#   TANDEM_SECRETS_DIR     has postgres_password and postgres_tandem_reader_password (default: /run/secrets)
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/connection.sh"

own_password="${TANDEM_SECRETS_DIR:-/run/secrets}/postgres_tandem_reader_password"
readonly own_password
# shellcheck disable=SC2154  # scratch is from connection.sh
trap 'rm -rf "$scratch"' EXIT
[ -s "$own_password" ] || fail "$own_password is not there, or empty: it has the reader's password"

write_password
# Before it may connect: to a database that was restored it may not, until this runs again.
# shellcheck disable=SC2153  # DATABASE is from connection.sh
for database in "$DATABASE" postgres; do
  run_sql "$database" <<SQL
REVOKE TEMPORARY ON DATABASE $database FROM PUBLIC;
-- Large objects, which nobody here has.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
SQL
done
{
  # psql reads the password itself: no process's arguments or environment has it.
  # shellcheck disable=SC2016  # the backquotes are for psql to run
  printf '\\set password `cat %s`\n' "$own_password"
  cat <<'SQL'
-- What is slow is logged, and this has a password in it.
SET log_min_duration_statement = -1;
SELECT 'CREATE ROLE tandem_reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tandem_reader') \gexec
ALTER ROLE tandem_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 4
  PASSWORD :'password';
-- What it asks by mistake keeps nobody waiting for long.
ALTER ROLE tandem_reader SET statement_timeout = '60s';
ALTER ROLE tandem_reader SET default_transaction_read_only = on;
GRANT pg_read_all_data, pg_read_all_stats TO tandem_reader;
SELECT format('REVOKE %s FROM tandem_reader', roleid::regrole) FROM pg_auth_members
  WHERE member = 'tandem_reader'::regrole AND roleid::regrole::text NOT IN ('pg_read_all_data', 'pg_read_all_stats') \gexec
GRANT CONNECT ON DATABASE tandem TO tandem_reader;
SQL
} | run_sql postgres
echo "reader.sh: tandem_reader may read"
