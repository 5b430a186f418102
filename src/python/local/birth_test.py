import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local.birth import birth_of, is_of_this_boot

_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how Linux tells it")


def test_process_has_one_birth() -> None:
    assert birth_of(os.getpid()) == birth_of(os.getpid())
    assert is_of_this_boot(birth_of(os.getpid()))
    # A child, for a parent may have been born in the same tick as this process.
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as child:
        assert birth_of(child.pid) != birth_of(os.getpid())


def test_pid_of_nobody_has_no_birth() -> None:
    with pytest.raises(psutil.NoSuchProcess):
        birth_of(2**22 + 1)


@_LINUX
def test_birth_is_counted_from_the_boot_so_that_no_step_of_the_clock_moves_it() -> None:
    age = psutil.Process().create_time() - psutil.boot_time()
    ticks = round(age * os.sysconf("SC_CLK_TCK"))
    assert birth_of(os.getpid()).rpartition("/")[2] == str(ticks)


@_LINUX
def test_same_tick_after_another_boot_is_another_birth(tmp_path: Path) -> None:
    boot = tmp_path / "sys" / "kernel" / "random" / "boot_id"
    boot.parent.mkdir(parents=True)
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (a) b) S {' '.join(map(str, range(4, 53)))}")
    boot.write_text("first\n")
    first = birth_of(7, tmp_path)
    assert first == "first/22"
    boot.write_text("second\n")
    assert birth_of(7, tmp_path) == "second/22"
    assert not is_of_this_boot(first, tmp_path)
