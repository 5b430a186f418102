"""The topics of a lane, and who calls whom, as they follow from `infra/kafka/services.toml`."""

import tomllib

from grpc_kafka import topics

_PARTITIONS = 4
_REPLICATION = 1  # a broker on a developer's machine has no other
# Dead letters wait for somebody to look at them, not for a server that starts again.
_LETTERS = {"retention.ms": str(30 * 24 * 3600 * 1000)}


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
    letters = [topics.of_dead_letter(lane, queue) for queue in queues]
    return [
        *(topics.Topic(name, _PARTITIONS, _REPLICATION) for name in names),
        *(topics.Topic(name, 1, _REPLICATION, _LETTERS) for name in letters),
    ]


def callees(topology: str) -> dict[str, tuple[str, ...]]:
    """Name, for each application, those that serve what it calls.

    Args:
        topology: The text of `infra/kafka/services.toml`.
    """
    applications = tomllib.loads(topology)["applications"]
    server = {
        name: application for application, of in applications.items() for name in of["serves"]
    }
    return {
        application: tuple(sorted({server[name] for name in of["calls"] if name in server}))
        for application, of in applications.items()
    }
