"""What the system in an image has installed, by its own list."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Package:
    """What an image has installed.

    Attributes:
        kind: Where it comes from, by its name in package URLs: `deb`, `pypi`, `maven`.
        name: Its name there.
        version: Its version.
        group: Whose it is there, where names are not unique without it.
    """

    kind: str
    name: str
    version: str
    group: str = ""


LISTS = ("/var/lib/dpkg/status", "/lib/apk/db/installed")
"""Where the lists are: Debian's, and Alpine's, which the official Kafka image stands on."""


def read(text: str) -> Iterator[Package]:
    """The packages of a list."""
    for entry in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|P|V): ?(.*)$", entry, re.MULTILINE))
        if "Package" in fields:
            yield Package("deb", fields["Package"], fields["Version"], "debian")
        elif "P" in fields:
            yield Package("apk", fields["P"], fields["V"], "alpine")
