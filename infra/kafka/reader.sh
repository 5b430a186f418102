#!/usr/bin/env bash
# Makes the user of console.sh, or sets its rights and its password again. It may look at topics, groups, rights and
# settings; it reads no record, for requests hold passwords, and changes nothing.
#
#   TANDEM_KAFKA_BOOTSTRAP, TANDEM_KAFKA_LIBS   see client.sh
#   TANDEM_SECRETS_DIR                          has kafka_admin_password and kafka_tandem_reader_password
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

# Prints what it says only where it fails: what it says of users has what passwords are checked against.
# shellcheck disable=SC2154  # scratch is of client.sh
quietly() {
  kafka "$@" >"$scratch/said" 2>&1 || fail "$1 failed: $(head -n 1 "$scratch/said")"
}

be admin
# As a file, for a password among arguments can be read by others. Made by a machine and long: more rounds protect nothing.
printf 'SCRAM-SHA-512=iterations=4096,password=%s\n' "$(password_of "$READER")" >"$scratch/user.properties"
quietly configs --alter --entity-type users --entity-name "$READER" --add-config-file "$scratch/user.properties"
for resource in --cluster --topic=* --group=*; do
  quietly acls --add --allow-principal "User:$READER" --operation Describe --operation DescribeConfigs "$resource"
done
echo "reader.sh: $READER may look"
