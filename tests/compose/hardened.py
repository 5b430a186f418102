"""What a container must do without, asked of the engine."""

from collections.abc import Iterator
from typing import Any

from tests.support.docker import service_of

OF_MEMORY = frozenset({"noexec", "nosuid", "nodev"})
LOG = {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}


GRACE = {
    "account": 20,
    "database": 20,
    "identity": 20,
    "jaeger": 10,
    "kafka": 40,
    "nginx": 35,
    "otel-collector": 10,
    "postgres": 60,
    "prometheus": 10,
}
"""Seconds that what stays up has to stop in order."""

SERVICE_GRACE = 20
"""The same of a service that is not listed: all of ours have this."""


def lacking(container: dict[str, Any], *, stays: bool = True) -> Iterator[str]:
    """What does not hold for a container, as `docker inspect` tells of it.

    Args:
        container: What the engine tells.
        stays: Whether it stays up; otherwise it does one thing and ends.
    """
    host, config = container["HostConfig"], container["Config"]
    grace = GRACE.get(service_of(container), SERVICE_GRACE) if stays else None
    in_memory = [str(options).split(",") for options in (host.get("Tmpfs") or {}).values()]
    restart = "unless-stopped" if stays else "no"
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
        f"it is started again: {restart}": host["RestartPolicy"]["Name"] == restart,
        f"it has {grace} s to stop": config.get("StopTimeout") == grace,
        "nothing runs from its folders in memory": all(
            OF_MEMORY.issubset(options) and any(each.startswith("size=") for each in options)
            for options in in_memory
        ),
        "it changes no file of the machine": not any(
            mount["RW"] for mount in container["Mounts"] if mount["Type"] == "bind"
        ),
    }
    yield from (what for what, holds in checks.items() if not holds)
