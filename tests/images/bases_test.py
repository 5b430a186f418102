"""The recipe of base images, with what it runs played by others."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.images.building import ROOT

_SCRIPT = "infra/images/make-bases"
_LIST = "infra/images/packages/python.txt"
_SUMS = "infra/images/kafka.sha256"

# Maven's part: `jars` has what it is to bring.
_MAVEN = """\
#!/bin/bash
for each in "$@"; do case "$each" in -DoutputDirectory=*) out="${each#*=}" ;; esac; done
mkdir -p "$out" && cp "$(dirname "$0")"/../jars/* "$out"
"""

# It is told on its standard input where packages come from.
_MMDEBSTRAP = "#!/bin/sh\ncat >/dev/null\n"

# Docker's part: no image is there, and each that is made has the packages of `packages`.
_DOCKER = """\
#!/bin/bash
case "$1" in
  image) [ "$3 $4" = "--format {{ .Size }}" ] && echo 1000000 ;;
  run) cat "$(dirname "$0")/../packages" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine whose programs do as they are told, and a copy of the recipe."""
    for name, text in (("mvn", _MAVEN), ("docker", _DOCKER), ("mmdebstrap", _MMDEBSTRAP)):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    for path in (
        *(_SCRIPT, _LIST, _SUMS, "infra/images/bases.env", "infra/images/observability.env"),
        "tests/support/kafka-pom.xml",
    ):
        copied = tmp_path / path
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes((ROOT / path).read_bytes())
    (tmp_path / "jars").mkdir()
    (tmp_path / "packages").write_bytes((ROOT / _LIST).read_bytes())
    return tmp_path


def make(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Make base images; no mirror is asked."""
    path = f"{machine}/bin:{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", machine / _SCRIPT, *arguments],
        env={"PATH": path, "TANDEM_DEBIAN_MIRROR": "http://mirror.example"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def jar(machine: Path, name: str, content: str) -> str:
    """Let Maven bring a jar; gives the line of a list that it is in."""
    (machine / "jars" / name).write_text(content)
    return f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n"


def test_jars_that_are_as_they_were_listed_are_taken(machine: Path) -> None:
    (machine / _SUMS).write_text(jar(machine, "kafka.jar", "1") + jar(machine, "log4j.jar", "2"))
    done = make(machine, "kafka")
    assert (done.returncode, "is made" in done.stderr) == (0, True), done.stderr


def test_a_jar_with_another_content_makes_no_image(machine: Path) -> None:
    (machine / _SUMS).write_text(jar(machine, "kafka.jar", "1"))
    jar(machine, "kafka.jar", "changed on its way")
    done = make(machine, "kafka")
    assert (done.returncode, "kafka.jar: FAILED" in done.stdout + done.stderr) == (1, True)


def test_a_jar_that_is_not_listed_makes_no_image(machine: Path) -> None:
    (machine / _SUMS).write_text(jar(machine, "kafka.jar", "1"))
    jar(machine, "stranger.jar", "2")
    done = make(machine, "kafka")
    assert (done.returncode, "stranger.jar" in done.stderr) == (1, True)


def test_every_jar_is_listed_with_its_sum() -> None:
    lines = [line.split() for line in (ROOT / _SUMS).read_text().splitlines()]
    assert all(len(total) == hashlib.sha256().digest_size * 2 for total, _ in lines)
    assert any(name.startswith("kafka_2.13-") for _, name in lines)


def test_packages_as_they_were_listed_need_no_word(machine: Path) -> None:
    done = make(machine, "python")
    assert (done.returncode, "other packages" in done.stderr) == (0, False), done.stderr


def test_a_package_that_became_another_is_said_and_no_error(machine: Path) -> None:
    before, *rest = (machine / "packages").read_text().splitlines(keepends=True)
    (machine / "packages").write_text("".join([f"{before.strip()}+deb13u9\n", *rest]))
    done = make(machine, "python")
    assert done.returncode == 0
    assert f"make-bases:   - {before}make-bases:   + {before.strip()}+deb13u9\n" in done.stderr
    make(machine, "--record", "python")
    assert (machine / _LIST).read_text() == (machine / "packages").read_text()
