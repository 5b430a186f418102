import os
import py_compile
import subprocess
import sys
from pathlib import Path

from local.reloading import bytecode


def imported(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "import a; print(a.X)"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_module_saved_again_within_the_second_is_compiled_anew(tmp_path: Path) -> None:
    module = tmp_path / "a.py"
    module.write_text("X = 1\n")
    status = module.stat()
    py_compile.compile(str(module))
    module.write_text("X = 2\n")
    os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert imported(tmp_path) == "1"
    bytecode.forget([module, tmp_path / "page.html", tmp_path / "gone.py"])
    assert imported(tmp_path) == "2"
