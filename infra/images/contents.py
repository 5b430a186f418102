"""What the engine and the images themselves tell of the images of ours."""

import argparse
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.images import jars, system_packages
from infra.images.system_packages import Package

_SERVICES = Path("infra/kafka/services.toml")

_TIMEOUT_SECONDS = 60

_LIST = """
import importlib.metadata, json
print(json.dumps([
    (found.metadata["Name"], found.version)
    for found in importlib.metadata.distributions(path=["/app/lib/python3.13/site-packages"])
]))
"""

_JARS = "/opt/kafka/libs"

# As nginx tells of itself, in lines.
_NGINX = re.compile(r"^nginx version: (nginx)/(\S+)|^built with (OpenSSL) (\S+)", re.MULTILINE)


class EngineError(Exception):
    """Docker refused, or does not answer; the message holds what it wrote."""


SERVERS = ("kafka", "nginx", "postgres")
"""The images of servers: a base of each, with settings."""


RUNTIMES = ("runtime", "runtime-data")
"""The images that those of programs are built on; the second is built on the first."""


def names() -> tuple[str, ...]:
    """The images of programs, after those that they are built on; asked in the top folder.

    Raises:
        OSError: the file that names the services is not there.
    """
    applications = tomllib.loads(_SERVICES.read_text())["applications"]
    return (*RUNTIMES, *sorted(applications), "kafka-tools")


def tag_of(arguments: Sequence[str], target: str, does: str) -> str:
    """The tag that the command line of a target names.

    Raises:
        SystemExit: it is wrong, or asks for help.
    """
    command = f"./pants run infra/images:{target}"
    parser = argparse.ArgumentParser(
        f"{command} --",
        description=does,
        epilog=f"examples:\n  {command}\n  {command} -- 1.2\n\nexit codes: 0 done, "
        "1 an image is not there, or no engine answers, 2 wrong options",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tag", nargs="?", default="dev", help="of the images (dev)")
    tag: str = parser.parse_args(arguments).tag
    return tag


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
    """What an image has installed, from Debian, PyPI and Maven, and what nginx is made of.

    Args:
        image: The name of it, as `reference` gives it.

    Raises:
        EngineError: there is no such image, or it does not run.
    """
    name = image.rpartition("/")[2].partition(":")[0]
    script = " || ".join(f"cat {path} 2>/dev/null" for path in system_packages.LISTS)
    found = list(system_packages.read(_run(image, "sh", "-c", script).decode()))
    if name == "kafka":
        found += jars.read(_run(image, "tar", "--create", f"--directory={_JARS}", "."))
    elif name == "nginx":
        found += nginx(_run(image, "sh", "-c", "nginx -V 2>&1").decode())
    elif name not in SERVERS:
        listed = json.loads(_run(image, "/app/bin/python", "-c", _LIST))
        found += (Package("pypi", *entry) for entry in listed)
    return sorted(found)


def nginx(told: str) -> Iterator[Package]:
    """What nginx says that it is made of."""
    for match in _NGINX.finditer(told):
        name, version = (each for each in match.groups() if each is not None)
        yield Package("generic", name.lower(), version)


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


def _run(image: str, program: str, *arguments: str) -> bytes:
    options = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL")
    return _asked("run", *options, f"--entrypoint={program}", image, *arguments)


def _docker(*arguments: str) -> str:
    return _asked(*arguments).decode()


def _asked(*arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["docker", *arguments],  # noqa: S607 - found on PATH, as people's shells do
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"docker {arguments[0]} took longer than {_TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise EngineError(f"docker cannot be run: {error.strerror}; install it") from error
    if done.returncode:
        raise EngineError(done.stderr.decode().strip())
    return done.stdout
