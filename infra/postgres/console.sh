#!/usr/bin/env bash
# psql for who looks: as the role of reader.sh, which changes nothing. What it is given are psql's arguments.
#
#   TANDEM_POSTGRES_HOST   see connection.sh
#   TANDEM_SECRETS_DIR     has the reader's password, as postgres_password (default: /run/secrets)
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/connection.sh"

write_password
# shellcheck disable=SC2153  # DATABASE is from connection.sh
export PGUSER=tandem_reader PGDATABASE="$DATABASE" PSQL_HISTORY=/dev/null
# PGPASSFILE stays until the container is gone: what a person looks at may need another connection.
exec psql --no-psqlrc "$@"
