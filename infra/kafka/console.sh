#!/usr/bin/env bash
# Kafka's own commands for who looks: as the user of reader.sh, who changes nothing and reads no record. They and their
# options are named as Kafka names them, without kafka- and .sh:
#
#   console.sh consumer-groups --describe --all-groups   who reads what, and how much waits
#   console.sh topics --describe                         topics, their partitions and replicas
#   console.sh get-offsets                               where each partition ends
#   console.sh acls --list                               who may do what
#   console.sh configs --describe --entity-type brokers --all
#   console.sh metadata-quorum describe --status
#
# Without arguments it takes such commands from its input, one a line. Each starts a JVM: a second or two.
#
#   TANDEM_KAFKA_BOOTSTRAP, TANDEM_KAFKA_LIBS   see client.sh
#   TANDEM_SECRETS_DIR                          has kafka_tandem_reader_password
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

answer() {
  case "$1" in
    help | -h | --help) sed -n '2,/^set/ s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
    *) kafka "$@" ;;
  esac
}

be "$READER"
if [ $# -gt 0 ]; then
  answer "$@"
  exit
fi
while read -r -e -p 'kafka> ' -a words; do
  if [ "${words[0]:-}" = exit ]; then break; fi
  if [ ${#words[@]} -gt 0 ]; then answer "${words[@]}" || true; fi
done
