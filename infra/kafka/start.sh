#!/bin/sh
# Starts Apache Kafka as a broker that lets in whom it knows, in the official image and in ours: infra/kafka/start.sh
#
# Formats the storage when there is none, then becomes the broker: signals reach it, SIGTERM stops it in order. Beside
# this script lie the settings; the rest comes from the environment. Wants no right to write but to its data and to
# a temporary folder in memory, which gets a file with passwords that this user alone can read.
#
#   TANDEM_KAFKA_NODE_ID      this node among the voters (default: 1)
#   TANDEM_KAFKA_VOTERS       all nodes, each as broker and controller: ID@HOST:PORT, separated by commas; a node listens
#                             for the others at its own HOST:PORT (default: this node alone, at 127.0.0.1:9093)
#   TANDEM_KAFKA_CLUSTER_ID   the same for all nodes of a cluster, 22 letters and digits; needed where there are several
#   TANDEM_KAFKA_LISTEN       where it listens for services (default: 0.0.0.0:9092)
#   TANDEM_KAFKA_ADVERTISED   under which HOST:PORT services and brokers find it (default: kafka:9092)
#   TANDEM_KAFKA_HEAP         the JVM's heap (default: 512m); the process takes about 300 MB more
#   TANDEM_KAFKA_DATA         a folder of its own (default: /var/lib/kafka/data)
#   TANDEM_KAFKA_LIBS         Apache Kafka's jars (default: /opt/kafka/libs)
#   TANDEM_SECRETS_DIR        a folder with kafka_admin_password and kafka_broker_password (default: /run/secrets)
#   TANDEM_LOG_LEVEL          from which level on it logs (default: info)
set -eu
umask 077
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
node=${TANDEM_KAFKA_NODE_ID:-1}
voters=${TANDEM_KAFKA_VOTERS:-$node@127.0.0.1:9093}
data=${TANDEM_KAFKA_DATA:-/var/lib/kafka/data}
libs=${TANDEM_KAFKA_LIBS:-/opt/kafka/libs}
secrets=${TANDEM_SECRETS_DIR:-/run/secrets}
heap=${TANDEM_KAFKA_HEAP:-512m}

fail() {
  printf 'start.sh: %s\n' "$1" >&2
  exit 2
}

# Prints the password of a user. It gets into files that have quotes and commas of their own.
password_of() {
  file=$secrets/kafka_$1_password
  [ -r "$file" ] || fail "$file cannot be read; it is to have the password of $1"
  found=$(cat "$file")
  case $found in
    '') fail "$file is empty" ;;
    *[!A-Za-z0-9._~-]*) fail "$file: a password has letters, digits, '.', '_', '~' and '-', and nothing else" ;;
  esac
  printf '%s' "$found"
}

# Prints where this node listens for the other controllers.
controller_address() {
  for each in $(printf '%s' "$voters" | tr , ' '); do
    [ "${each%%@*}" != "$node" ] || printf '%s' "${each#*@}"
  done
}

# Prints the settings of this node; $1 is where its data are.
properties() {
  cat "$here/broker.properties" "$here/secured.properties" "$size_properties"
  cat <<END
node.id=$node
controller.quorum.voters=$voters
listeners=BUS://${TANDEM_KAFKA_LISTEN:-0.0.0.0:9092},CONTROLLER://$controller
advertised.listeners=BUS://${TANDEM_KAFKA_ADVERTISED:-kafka:9092}
log.dirs=$1
listener.name.bus.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="broker" password="$broker_password";
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="broker" password="$broker_password" user_broker="$broker_password";
END
}

# Makes the storage, with the two users that everything else begins with: whole, or not at all.
format() {
  rm -rf "$data/formatting"
  properties "$data/formatting" >"$run/format.properties"
  # A file, so that the passwords are among the arguments of no process.
  cat >"$run/format.arguments" <<END
format
--cluster-id=$cluster
--config=$run/format.properties
--add-scram=SCRAM-SHA-512=[name=admin,password=$admin_password]
--add-scram=SCRAM-SHA-512=[name=broker,password=$broker_password]
END
  # What it says has what passwords are checked against; what is wrong is said as an error.
  java -Xmx128m -XX:-UsePerfData "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$libs/*" \
    kafka.tools.StorageTool "@$run/format.arguments" >/dev/null
  rm "$run/format.arguments" "$run/format.properties"
  mv "$data/formatting" "$data/log"
}

controller=$(controller_address)
[ -n "$controller" ] || fail "TANDEM_KAFKA_VOTERS ($voters) has no node $node, which is TANDEM_KAFKA_NODE_ID"
admin_password=$(password_of admin)
broker_password=$(password_of broker)
case $voters in
  *,*)
    size_properties=$here/cluster.properties
    cluster=${TANDEM_KAFKA_CLUSTER_ID:-}
    [ -n "$cluster" ] || fail "the nodes of a cluster need the same TANDEM_KAFKA_CLUSTER_ID"
    ;;
  *)
    size_properties=$here/single.properties
    cluster=${TANDEM_KAFKA_CLUSTER_ID:-$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')}
    ;;
esac

run=$(mktemp -d "${TMPDIR:-/tmp}/kafka.XXXXXX")
# Until it is the broker's. Signals wait for the format; and without a trap the first process of a container has none.
trap 'rm -rf "$run"' EXIT
trap 'exit 143' INT TERM HUP
[ -d "$data/log" ] || format
# Libraries that compress unpack themselves into a temporary folder, and cannot run from one in memory (noexec).
rm -rf "$data/tmp"
mkdir "$data/tmp"
properties "$data/log" >"$run/server.properties"
exec java "-Xms$heap" "-Xmx$heap" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData \
  -Djava.awt.headless=true "-Djava.io.tmpdir=$data/tmp" "-Dlog4j2.configurationFile=$here/log4j2.properties" \
  -cp "$libs/*" kafka.Kafka "$run/server.properties"
