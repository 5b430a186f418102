"""`.ci/run` and `make-bases` say at once what they cannot work without."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MAKE_BASES = "infra/images/make-bases"
NOBODY = 65534
SECONDS = 60

type Put = Callable[[str, str], Path]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's are its user's alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def put(folder: Path) -> Put:
    """Puts a program there."""

    def put(path: str, script: str) -> Path:
        program = folder / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)
        return program

    return put


@pytest.fixture
def checkout(folder: Path, put: Put) -> Path:
    """What both are of, on a machine without images, whose apt knows no mirror of Debian."""
    for path in (".ci/run", MAKE_BASES, "infra/images/bases.env", "infra/images/observability.env"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / path, folder / path)
    put("bin/apt-get", "#!/bin/sh\n")
    put("bin/go", "#!/bin/sh\n")
    put("bin/docker", "#!/bin/sh\nexit 1\n")
    # What a recipe names counts by its content.
    put("3rdparty/python/default.lock", "")
    put("tests/support/kafka-pom.xml", "")
    put("infra/images/kafka.sha256", "")
    return folder


def pin(checkout: Path, *names: str) -> None:
    """Pin images by digest."""
    for name in names:
        file = checkout / "infra/images" / name
        lines = [
            line if line.startswith("#") else f"{line}@sha256:{'0' * 64}"
            for line in file.read_text().splitlines()
        ]
        file.write_text("\n".join(lines))


def run(
    checkout: Path, *command: str, user: int | None = None, told: Mapping[str, str] | None = None
) -> tuple[int, str]:
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603  # ours
        [str(checkout / command[0]), *command[1:]],
        cwd=checkout,
        env={"PATH": path, "HOME": str(checkout), **(told or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
        user=user,
    )
    return done.returncode, done.stdout


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="of what only root is asked")


def test_who_is_not_root_is_told_at_once_how_to_run_everything(checkout: Path) -> None:
    code, said = run(checkout, ".ci/run", user=NOBODY if os.geteuid() == 0 else None)
    assert code == 2, said
    assert 'sudo env "HOME=$HOME" "PATH=$PATH" .ci/run' in said
    assert "===" not in said


def test_an_option_that_it_has_not_is_named(checkout: Path) -> None:
    code, said = run(checkout, ".ci/run", "--containers", "--day")
    assert code == 2, said
    assert "there is no '--day'" in said


@as_root
def test_where_bases_cannot_be_had_everything_is_not_begun(checkout: Path) -> None:
    code, said = run(checkout, ".ci/run")
    assert code == 2, said
    assert "TANDEM_DEBIAN_MIRROR" in said
    assert "===" not in said


@as_root
def test_without_go_everything_is_not_begun(checkout: Path) -> None:
    (checkout / "bin/go").unlink()
    (checkout / "bin").joinpath("bash").symlink_to("/bin/bash")
    for name in ("dirname", "id", "env", "mktemp", "rm", "stat", "timeout"):
        (checkout / "bin" / name).symlink_to(f"/usr/bin/{name}")
    code, said = run(checkout, ".ci/run", told={"PATH": str(checkout / "bin")})
    assert code == 2, said
    assert "Go" in said


@as_root
def test_with_a_go_that_is_too_old_everything_is_not_begun(checkout: Path, put: Put) -> None:
    too_old = "go: go.mod requires go >= 1.26.7 (running go 1.24.4; GOTOOLCHAIN=local)"
    put("bin/go", f"#!/bin/sh\n[ $1 = version ] && exit\necho '{too_old}' >&2\nexit 1\n")
    code, said = run(checkout, ".ci/run")
    assert code == 2, said
    assert too_old in said
    assert "GOTOOLCHAIN=auto" in said
    assert "===" not in said


@as_root
def test_where_pants_lacks_an_interpreter_everything_is_not_begun(checkout: Path, put: Put) -> None:
    pin(checkout, "bases.env", "observability.env")
    put("pants", "#!/bin/sh\necho 'pants: CPython 3.9 was not found' >&2\nexit 1\n")
    code, said = run(checkout, ".ci/run")
    assert code == 2, said
    assert "CPython 3.9 was not found" in said
    assert "===" not in said


@as_root
def test_root_leaves_everything_to_whom_the_checkout_belongs(checkout: Path, put: Put) -> None:
    pin(checkout, "bases.env", "observability.env")
    put("pants", '#!/bin/sh\nmkdir -p "$HOME/.cache/pants" dist\ntouch dist/one.pex\nexit 1\n')
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    settings = {"GIT_CONFIG_SYSTEM": str(checkout / "gitconfig")}
    for _ in range(2):
        code, said = run(checkout, ".ci/run", told=settings)
        assert code == 2, said
    trusted = [checkout, checkout / ".git"]
    told = (checkout / "gitconfig").read_text().splitlines()
    assert told == ["[safe]", *(f"\tdirectory = {path}" for path in trusted)]
    assert {path.lstat().st_uid for path in checkout.rglob("*")} == {NOBODY}


def test_bases_need_no_mirror_where_they_are_pinned(checkout: Path) -> None:
    pin(checkout, "bases.env")
    assert run(checkout, MAKE_BASES, "--check") == (0, "")


def test_bases_that_are_not_pinned_need_a_mirror(checkout: Path) -> None:
    code, said = run(checkout, MAKE_BASES, "--check")
    assert code == 1
    assert "TANDEM_DEBIAN_MIRROR" in said
    assert "pin" in said
    mirror = {"TANDEM_DEBIAN_MIRROR": "http://mirror.example.com/debian"}
    assert run(checkout, MAKE_BASES, "--check", told=mirror) == (0, "")


def test_of_what_observes_prometheus_alone_needs_a_mirror(checkout: Path) -> None:
    assert run(checkout, MAKE_BASES, "--check", "collector", "jaeger") == (0, "")
    assert run(checkout, MAKE_BASES, "--check", "observability")[0] == 1
