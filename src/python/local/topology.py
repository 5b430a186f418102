"""The topics of a lane, and who calls whom, as they follow from `infra/kafka/services.toml`."""

import tomllib
from pathlib import Path

from grpc_kafka import topics
from local.errors import TopologyError

_LANE = "any"  # whose topics are thrown away


def needed(file: Path, lane: str) -> list[topics.Topic]:
    """List the topics that follow from what each application serves and calls.

    Args:
        file: `infra/kafka/services.toml`.
        lane: The lane that the topics belong to.

    Raises:
        TopologyError: the file cannot be read, or is not understood.
    """
    # A broker on a developer's machine has no other to lie on.
    alone = topics.Overrides(replication=1, min_in_sync=1)
    try:
        return topics.read(file.read_text(encoding="utf-8"), [lane], alone)
    except (OSError, UnicodeDecodeError, topics.DefinitionsError) as error:
        raise TopologyError(file, str(error)) from error


def callees(file: Path) -> dict[str, tuple[str, ...]]:
    """Name, for each application, those that serve what it calls.

    Args:
        file: `infra/kafka/services.toml`.

    Raises:
        TopologyError: the file cannot be read, is not understood, or nobody serves what is called.
    """
    needed(file, _LANE)  # says what is wrong with the file
    applications = tomllib.loads(file.read_text(encoding="utf-8")).get("applications", {})
    server = {
        name: application
        for application, of in applications.items()
        for name in of.get("serves", [])
    }
    found = {}
    for application, of in applications.items():
        calls = of.get("calls", [])
        for name in calls:
            if name not in server:
                raise TopologyError(
                    file,
                    f"applications.{application}.calls names {name}, which no application serves; "
                    "correct the name, or add it to `serves` of the application that serves it",
                )
        found[application] = tuple(sorted({server[name] for name in calls}))
    return found
