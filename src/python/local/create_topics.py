"""Makes the topics of a lane on a real Kafka: `python -m local.create_topics TOML BROKERS LANE`."""

import sys
from pathlib import Path

from grpc_kafka import TopicsError, topics
from local.errors import TopologyError
from local.topology import needed


def main() -> None:
    """Make what is not there yet, and name it all.

    Raises:
        SystemExit: the brokers did not answer, or refused a topic, or the file is wrong.
    """
    path, brokers, lane = sys.argv[1:4]
    try:
        wanted = needed(Path(path), lane)
        topics.create(brokers, wanted)
    except (TopicsError, TopologyError) as error:
        raise SystemExit(str(error)) from error
    sys.stdout.writelines(f"{topic.name}\n" for topic in wanted)


if __name__ == "__main__":
    main()
