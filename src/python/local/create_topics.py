"""Makes the topics of a lane on a real Kafka: `python -m local.create_topics TOML BROKERS LANE`."""

import sys
import tomllib
from pathlib import Path

from grpc_kafka import topics

_PARTITIONS = 4
_REPLICATION = 1  # a broker on a developer's machine has no other


def needed(topology: str, lane: str) -> list[topics.Topic]:
    """List the topics that follow from what each application serves and calls.

    Args:
        topology: The text of `infra/kafka/services.toml`.
        lane: The lane that the topics belong to.
    """
    applications = tomllib.loads(topology)["applications"]
    queues = sorted({name for app in applications.values() for name in app["serves"]})
    names = [
        *(topics.of_queue(lane, queue) for queue in queues),
        *(topics.of_inbox(lane, application) for application in applications),
    ]
    return [topics.Topic(name, _PARTITIONS, _REPLICATION) for name in names]


def main() -> None:
    """Make what is not there yet, and name it all."""
    path, brokers, lane = sys.argv[1:4]
    wanted = needed(Path(path).read_text(), lane)
    topics.create(brokers, wanted)
    sys.stdout.writelines(f"{topic.name}\n" for topic in wanted)


if __name__ == "__main__":
    main()
