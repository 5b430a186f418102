"""What an installation leaves behind, whole or broken off."""

import sys
import threading
from pathlib import Path

import install_pants
import pytest
from install_pants import InstallError, exclusively, install, locked, run


def succeed(lockfile: Path, home: Path) -> None:
    home.mkdir()
    (home / "program").write_text(lockfile.name)


def break_off(lockfile: Path, home: Path) -> None:
    home.mkdir()
    (home / "half").write_text(lockfile.name)
    raise KeyboardInterrupt


def test_an_installation_appears_whole(tmp_path: Path) -> None:
    install(succeed, Path("pants.lock"), tmp_path / "cache" / "pants")
    assert (tmp_path / "cache" / "pants" / "program").read_text() == "pants.lock"


def test_a_broken_off_installation_leaves_nothing_but_its_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        install(break_off, Path("pants.lock"), tmp_path / "pants")
    assert [path.name for path in tmp_path.iterdir()] == ["pants.lock"]


def test_the_remains_of_a_killed_installation_are_replaced(tmp_path: Path) -> None:
    (tmp_path / ".pants").mkdir()
    (tmp_path / ".pants" / "half").touch()
    install(succeed, Path("pants.lock"), tmp_path / "pants")
    assert [path.name for path in (tmp_path / "pants").iterdir()] == ["program"]


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    (tmp_path / "pants").mkdir()
    install(break_off, Path("pants.lock"), tmp_path / "pants")
    assert not list((tmp_path / "pants").iterdir())


def test_an_installation_whose_python_is_gone_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "pants" / "bin").mkdir(parents=True)
    (tmp_path / "pants" / "bin" / "python").symlink_to(tmp_path / "python3.9.1")
    install(succeed, Path("pants.lock"), tmp_path / "pants")
    assert [path.name for path in (tmp_path / "pants").iterdir()] == ["program"]


def test_a_second_installation_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    with exclusively(tmp_path / "lock"):
        second = threading.Thread(target=wait_for_lock, args=(tmp_path / "lock", order))
        second.start()
        second.join(0.2)
        order.append("first")
    second.join(10)
    assert order == ["first", "second"]


def wait_for_lock(path: Path, order: list[str]) -> None:
    with exclusively(path):
        order.append("second")


def test_a_failed_step_says_what_it_ran_and_what_that_said() -> None:
    command = [sys.executable, "-c", "print('no such package'); raise SystemExit(1)"]
    with pytest.raises(InstallError, match="no such package") as failure:
        run("try", command)
    assert failure.value.command == command
    assert "run the same command again" in str(failure.value)


def test_pip_must_check_hashes() -> None:
    assert "--require-hashes" in locked(Path("pants.lock"))


def test_a_step_that_does_not_end_is_ended_and_told_with_what_it_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(install_pants, "_TIMEOUT_SECONDS", 1)
    wait = "import time; print('half of it', flush=True); time.sleep(60)"
    with pytest.raises(
        InstallError, match=r"(?s)half of it.*did not end within 1 s.*again"
    ) as said:
        run("wait", [sys.executable, "-c", wait])
    assert "half of it" in said.value.output
