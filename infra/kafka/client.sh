# shellcheck shell=bash
# Read by reader.sh and console.sh: how they start Kafka's own commands, each as a user of its own.
#
#   TANDEM_KAFKA_BOOTSTRAP   where the brokers are found (default: kafka:9092)
#   TANDEM_KAFKA_LIBS        Apache Kafka's jars (default: /opt/kafka/libs)
#   TANDEM_SECRETS_DIR       has kafka_<user>_password of each user (default: /run/secrets)

# shellcheck disable=SC2034  # for those who read this
readonly READER=tandem_reader
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
scratch="$(mktemp -d)"
readonly here scratch
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "${0##*/}: $1" >&2
  exit 1
}

# Prints the password of the user $1.
password_of() {
  local file="${TANDEM_SECRETS_DIR:-/run/secrets}/kafka_$1_password" found=""
  [ -s "$file" ] || fail "$file is not there, or empty: it has the password of $1"
  IFS= read -r found <"$file" || [ -n "$found" ]
  printf '%s' "$found"
}

# Has commands be the user $1 from now on: by a file, so that the password is among the arguments of no process.
be() {
  local password
  password="$(password_of "$1")"
  cat >"$scratch/client.properties" <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="$1" password="$password";
END
}

# Prints the class of Kafka's command $1.
class_of() {
  case "$1" in
    acls) echo org.apache.kafka.tools.AclCommand ;;
    configs) echo org.apache.kafka.tools.ConfigCommand ;;
    consumer-groups) echo org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    get-offsets) echo org.apache.kafka.tools.GetOffsetShell ;;
    metadata-quorum) echo org.apache.kafka.tools.MetadataQuorumCommand ;;
    topics) echo org.apache.kafka.tools.TopicCommand ;;
    *) fail "there is no '$1' here; help says what there is" ;;
  esac
}

# Runs one of Kafka's commands with its arguments: kafka topics --list
kafka() {
  local class
  class="$(class_of "$1")" || return
  shift
  # Of its log only errors. It lives for a second or two, half of which a thorough compiler would take.
  TANDEM_LOG_LEVEL=error java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
    "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "${TANDEM_KAFKA_LIBS:-/opt/kafka/libs}/*" \
    "$class" --bootstrap-server "${TANDEM_KAFKA_BOOTSTRAP:-kafka:9092}" --command-config "$scratch/client.properties" "$@"
}
