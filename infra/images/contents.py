"""What the engine and the images themselves tell of the images of ours."""

import json
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SERVICES = Path("infra/kafka/services.toml")

_TIMEOUT_SECONDS = 60

_LIST = """
import importlib.metadata, json, re
packages = [
    ("pypi", found.metadata["Name"], found.version)
    for found in importlib.metadata.distributions(path=["/app/lib/python3.13/site-packages"])
]
for text in open("/var/lib/dpkg/status").read().split("\\n\\n"):
    fields = dict(re.findall(r"^(Package|Version): (.*)$", text, re.MULTILINE))
    if fields:
        packages.append(("deb", fields["Package"], fields["Version"]))
print(json.dumps(sorted(packages)))
"""


class EngineError(Exception):
    """Docker refused; the message holds what it wrote."""


@dataclass(frozen=True, order=True)
class Package:
    """What an image has installed.

    Attributes:
        kind: Where it comes from: `deb` or `pypi`.
        name: Its name there.
        version: Its version.
    """

    kind: str
    name: str
    version: str


def names() -> tuple[str, ...]:
    """The images, the one that all others are built on first; asked in the checkout's top folder.

    Raises:
        OSError: the file that names the services is not there.
    """
    applications = tomllib.loads(_SERVICES.read_text())["applications"]
    return ("runtime", *sorted(applications), "kafka-tools")


def reference(name: str, tag: str) -> str:
    """The name of an image in the engine."""
    return f"tandem/{name}:{tag}"


def identifier(image: str) -> str:
    """The digest of an image's content.

    Raises:
        EngineError: there is no such image.
    """
    return _docker("image", "inspect", "--format={{.Id}}", image).strip()


def packages(image: str) -> list[Package]:
    """What an image has installed, from Debian and from PyPI.

    Raises:
        EngineError: there is no such image, or it does not run.
    """
    options = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL")
    found = _docker("run", *options, "--entrypoint=/app/bin/python", image, "-c", _LIST)
    return [Package(*entry) for entry in json.loads(found)]


def layers(image: str) -> Iterator[tuple[str, int]]:
    """The bytes of an image's layers and what made each, lowest first; without empty ones.

    Raises:
        EngineError: there is no such image.
    """
    row = "{{.Size}}\t{{.CreatedBy}}"
    rows = _docker("image", "history", "--no-trunc", "--human=false", f"--format={row}", image)
    for line in reversed(rows.splitlines()):
        size, made_by = line.split("\t", 1)
        if int(size):
            yield made_by, int(size)


def _docker(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ["docker", *arguments],  # noqa: S607 - found on PATH, as people's shells do
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise EngineError(done.stderr.strip())
    return done.stdout
