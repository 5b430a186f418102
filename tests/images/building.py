"""Images built as Pants builds them, from the programs that it packed for the test.

image = building.build(folder, at, "tandem-test/database:images-test", "--build-arg=RUNTIME=...")
image.run("migrate", "status")
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.applications import APPLICATIONS
from tests.support.requirements import missing

ROOT = Path(__file__).parents[2]

DOCKER = "TANDEM_TEST_DOCKER"
"""Set to 1, it lets tests use the Docker engine."""

RUNTIME = "infra/images/runtime"
DATA_RUNTIME = "infra/images/runtime-data"

PROGRAMS = (
    "infra/images/kafka-tools",
    *(f"src/python/services/{name}" for name in APPLICATIONS),
)
"""The folders whose images are built on a runtime's."""

SERVERS = ("infra/kafka", "infra/nginx", "infra/postgres")
"""The folders whose images are a server's base with our settings."""

_TIMEOUT_SECONDS = 600
_BASE = re.compile(r"^ARG RUNTIME=(.+):image$", re.MULTILINE)


class EngineError(Exception):
    """Docker refused; the message holds what it wrote."""


@dataclass(frozen=True)
class Image:
    """An image in the engine.

    Attributes:
        reference: Its name and tag.
    """

    reference: str

    def inspect(self) -> dict[str, object]:
        """What the engine knows of it."""
        found: list[dict[str, object]] = json.loads(docker("image", "inspect", self.reference))
        return found[0]

    def config(self) -> dict[str, object]:
        """How containers of it run."""
        config = self.inspect()["Config"]
        if not isinstance(config, dict):
            raise EngineError(str(config))
        return config

    def layers(self) -> list[str]:
        """The digests of its layers, lowest first."""
        root = self.inspect()["RootFS"]
        if not isinstance(root, dict):
            raise EngineError(str(root))
        return list(root["Layers"])

    def layer_sizes(self) -> list[int]:
        """The bytes of its layers, lowest first."""
        rows = docker(
            *("image", "history", "--no-trunc", "--human=false"),
            *("--format", "{{.Size}}", self.reference),
        ).splitlines()
        return [int(row) for row in reversed(rows) if int(row)]

    def run(self, *arguments: str, options: tuple[str, ...] = ()) -> str:
        """What a hardened container of it prints.

        Raises:
            EngineError: it failed; with what it wrote.
        """
        hardened = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
        limits = ("--network=none", "--memory=512m", "--pids-limit=64")
        return docker("run", "--rm", *hardened, *limits, *options, self.reference, *arguments)

    def shell(self, script: str) -> str:
        """What a piece of shell prints in a container; images of programs need no shell."""
        return self.run("-c", script, options=("--entrypoint=sh",))

    def python(self, code: str) -> str:
        """What a piece of Python prints in a container, by the image's interpreter."""
        return self.run("-c", code, options=("--entrypoint=/app/bin/python",))


def require_docker() -> None:
    """Skip the test where no Docker engine is offered, or the base images are not there."""
    if os.environ.get(DOCKER) != "1":
        missing(f"no Docker engine: start one, run infra/images/make-bases, set {DOCKER} to 1")
    try:
        docker("image", "inspect", bases()["PYTHON_IMAGE"])
    except EngineError as error:
        missing(f"no base image (infra/images/make-bases makes it): {error}")


def bases() -> dict[str, str]:
    """The variables of infra/images/bases.env."""
    lines = (ROOT / "infra/images/bases.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def docker(*arguments: str, cwd: Path = ROOT) -> str:
    """What Docker prints.

    Raises:
        EngineError: it failed; with what it wrote.
    """
    # Programs of Pants' sandbox lose their executable bits nowhere; bash runs it all the same.
    command = ["/bin/bash", str(ROOT / "infra/images/engine/docker"), *arguments]
    done = subprocess.run(  # noqa: S603 - fixed commands
        command, cwd=cwd, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        raise EngineError(f"{done.stdout}{done.stderr}")
    return done.stdout


def base(folder: str) -> str:
    """The folder of the image that a folder's is built on, as its Dockerfile says."""
    (named,) = _BASE.findall((ROOT / folder / "Dockerfile").read_text())
    return str(named)


def name(image: Image) -> str:
    """What it is an image of: the last part of its folder."""
    return image.reference.rpartition("/")[2].partition(":")[0]


def on(base: Image) -> str:
    """The option of a build on another image."""
    return f"--build-arg=RUNTIME={base.reference}"


@contextmanager
def context(folder: str, at: Path) -> Iterator[Path]:
    """What the build of a folder's image is given, copied to where it may be changed."""
    copied = at / "context"
    prefix = folder.replace("/", ".")
    for path in (RUNTIME, "infra/kafka", folder, *(p.name for p in ROOT.glob(f"{prefix}/"))):
        shutil.copytree(ROOT / path, copied / path, dirs_exist_ok=True)
    yield copied
    shutil.rmtree(copied)


def build(folder: str, at: Path, reference: str, *options: str) -> Image:
    """The image of a folder, from a context; options are those of `docker build`."""
    docker(
        *("build", "--quiet", "--build-arg=SOURCE_DATE_EPOCH=0", f"--tag={reference}"),
        *(*options, f"--file={folder}/Dockerfile", "."),
        cwd=at,
    )
    return Image(reference)
