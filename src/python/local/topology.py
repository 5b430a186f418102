"""The topics of a lane, and who calls whom, as they follow from `infra/kafka/services.toml`."""

import tomllib

from grpc_kafka import topics


def needed(topology: str, lane: str) -> list[topics.Topic]:
    """List the topics that follow from what each application serves and calls.

    Args:
        topology: The text of `infra/kafka/services.toml`.
        lane: The lane that the topics belong to.

    Raises:
        DefinitionsError: the text is not understood.
    """
    # A broker on a developer's machine has no other to lie on.
    alone = topics.Overrides(replication=1, min_in_sync=1)
    return topics.read(topology, [lane], alone)


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
