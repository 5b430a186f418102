"""What an image adds to the one that it is built on."""

import _ctypes
import ctypes
import stat
from pathlib import Path

from infra.images.runtime import unpack


def _environment(folder: Path, **files: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    for name, text in files.items():
        path = folder / "lib" / name / "module.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return folder


def test_only_what_the_other_folder_lacks_is_left(tmp_path: Path) -> None:
    other = _environment(tmp_path / "other", shared="1", changed="1")
    target = _environment(tmp_path / "target", shared="1", changed="2", own="3")
    unpack.subtract(target, other)
    left = sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))
    assert left == ["lib", "lib/changed", "lib/changed/module.py", "lib/own", "lib/own/module.py"]


def test_bytecode_holds_no_time(tmp_path: Path) -> None:
    target = _environment(tmp_path, own="answer = 42")
    unpack.compile_bytecode(target)
    (compiled,) = target.rglob("*.pyc")
    flags, source_hash_or_time = compiled.read_bytes()[4:8], compiled.read_bytes()[8:16]
    assert int.from_bytes(flags, "little") == 1
    (target / "lib/own/module.py").touch()
    compiled.unlink()
    unpack.compile_bytecode(target)
    assert compiled.read_bytes()[8:16] == source_hash_or_time


def test_what_no_program_loads_is_left_out(tmp_path: Path) -> None:
    packages = tmp_path / "lib/python3.13/site-packages"
    for name in (
        *("greenlet/__init__.py", "greenlet/greenlet.cpp", "greenlet/platform/switch.h"),
        *("greenlet/tests/__init__.py", "sqlalchemy/testing/suite/__init__.py"),
        *("cffi/_cffi_include.h", "services/identity/testing.py"),
    ):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()
    unpack.leave_out(tmp_path)
    left = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    assert left == {
        *("greenlet/__init__.py", "cffi/_cffi_include.h", "services/identity/testing.py"),
    }


def test_a_library_loses_what_is_not_loaded_and_works(tmp_path: Path) -> None:
    whole, trimmed = Path(_ctypes.__file__), tmp_path / "library.so"
    trimmed.write_bytes(whole.read_bytes() + b"symbols for debuggers" * 1000)
    trimmed.chmod(0o755)
    unpack.trim(trimmed)
    assert trimmed.stat().st_size <= whole.stat().st_size
    assert stat.S_IMODE(trimmed.stat().st_mode) == 0o755
    ctypes.CDLL(str(trimmed))
    once = trimmed.read_bytes()
    unpack.trim(trimmed)
    assert trimmed.read_bytes() == once


def test_what_is_no_library_stays(tmp_path: Path) -> None:
    script = tmp_path / "linker.so"
    script.write_text("INPUT(other.so)")
    unpack.trim(script)
    assert script.read_text() == "INPUT(other.so)"


def test_nobody_but_the_owner_may_write(tmp_path: Path) -> None:
    target = _environment(tmp_path / "target", open="1")
    module = target / "lib/open/module.py"
    module.chmod(0o777)
    unpack.close(target)
    assert stat.S_IMODE(module.stat().st_mode) == 0o755


def test_all_files_get_one_time(tmp_path: Path) -> None:
    target = _environment(tmp_path / "target", own="1")
    unpack.set_times(target)
    assert {path.lstat().st_mtime for path in target.rglob("*")} == {0}
