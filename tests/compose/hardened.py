"""What a container must do without, asked of the engine."""

from collections.abc import Iterator
from typing import Any

LOG = {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}


def lacking(container: dict[str, Any]) -> Iterator[str]:
    """What does not hold for a container, as `docker inspect` tells of it."""
    host, config = container["HostConfig"], container["Config"]
    user = str(config["User"]).split(":")
    checks = {
        "its root is read-only": host["ReadonlyRootfs"],
        "it has no capability": host["CapDrop"] == ["ALL"] and not host["CapAdd"],
        "it gains no privilege": host["SecurityOpt"] == ["no-new-privileges:true"],
        "it is not privileged": not host["Privileged"],
        "its user and group are numbers other than 0": all(
            part.isdigit() and part != "0" for part in user
        )
        and len(user) == len(("user", "group")),
        "its memory is limited": host["Memory"],
        "its processes are limited": host["PidsLimit"],
        "its share of processors is limited": host["NanoCpus"],
        "its log is rotated": host["LogConfig"] == LOG,
    }
    yield from (what for what, holds in checks.items() if not holds)
