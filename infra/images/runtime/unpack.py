"""Unpacks a PEX into the virtual environment of an image, the same bytes every time.

    python3.13 unpack.py PEX TARGET [--scope deps|srcs] [--without FOLDER] [--file FILE]...

The PEX makes an environment by itself, without a network. Kept are its packages and the
interpreter's links; libraries lose what only debuggers read; what no program loads is left out;
bytecode is compiled so that it holds no time; all files get the same time.
With ``--without`` only those packages' files are kept which that folder does not hold already:
what an image adds to the one that it is built on. Files named by ``--file``
come beside the packages.
"""

import argparse
import compileall
import filecmp
import os
import py_compile
import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

_EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
_TIMEOUT_SECONDS = 300
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ELF_64 = b"\x7fELF\x02\x01"  # with the lowest byte first
_KEPT = ("bin", "lib", "pyvenv.cfg")
# What compilers read. Not `.h`: cffi reads its own.
_FOR_COMPILERS = frozenset({".c", ".cpp", ".hpp", ".pxd", ".pyx"})
# Packages' own tests, what they offer to tests of others, and greenlet's sources by processor.
_NEVER_LOADED = (
    "*/tests",
    "alembic/testing",
    "greenlet/platform",
    "mako/testing",
    "sqlalchemy/testing",
)


def main() -> None:
    """Unpack what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pex", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--scope", choices=("deps", "srcs"), default="deps")
    parser.add_argument("--without", type=Path)
    parser.add_argument("--file", type=Path, action="append", default=[])
    options = parser.parse_args()
    install(options.pex, options.target, options.scope)
    strip(options.target)
    leave_out(options.target)
    for path in sorted(options.target.rglob("*.so*")):
        if not path.is_symlink():
            trim(path)
    compile_bytecode(options.target)
    if options.without is not None:
        subtract(options.target, options.without)
    for file in options.file:
        shutil.copy(file, options.target)
    close(options.target)
    set_times(options.target)


def install(pex: Path, target: Path, scope: str) -> None:
    """Let the PEX make an environment of its requirements (deps) or its sources (srcs)."""
    entry = pex / "__main__.py" if pex.is_dir() else pex
    subprocess.run(  # noqa: S603 - our own PEX
        [sys.executable, entry, "venv", "--scope", scope, "--site-packages-copies", target],
        env={**os.environ, "PEX_TOOLS": "1", "PEX_ROOT": "/tmp/pex"},  # noqa: S108 - of this build
        timeout=_TIMEOUT_SECONDS,
        check=True,
    )


def strip(target: Path) -> None:
    """Remove what only people at a terminal use, and what PEX starts programs with."""
    for path in target.iterdir():
        if path.name not in _KEPT:
            _remove(path)
    for path in (target / "bin").iterdir():
        if not path.name.startswith("python"):
            _remove(path)
    # Only a PEX reads it; it would put nothing on the path of an interpreter.
    for path in target.rglob("PEX_EXTRA_SYS_PATH.pth"):
        _remove(path)
    for cache in target.rglob("__pycache__"):
        _remove(cache)


def leave_out(target: Path) -> None:
    """Remove what no program loads: sources of libraries, and tests of packages.

    From every environment alike, since what an image adds is what the one below it has not.
    """
    for packages in target.glob("lib/*/site-packages"):
        for pattern in _NEVER_LOADED:
            for folder in packages.glob(pattern):
                _remove(folder)
    for path in target.rglob("*"):
        if path.suffix in _FOR_COMPILERS and not path.is_dir():
            _remove(path)


def trim(path: Path) -> None:
    """Cut off what follows the part of an ELF library that is loaded: symbols for debuggers.

    As `strip` does, which is no part of the image that builds. Others than 64-bit ones are left.
    """
    content = path.read_bytes()
    if not content.startswith(_ELF_64):
        return
    start, size, count = (
        *struct.unpack_from("<Q", content, 0x20),
        *struct.unpack_from("<HH", content, 0x36),
    )
    headers = [start + size * number for number in range(count)]
    offsets = [struct.unpack_from("<Q", content, each + 0x08)[0] for each in headers]
    lengths = [struct.unpack_from("<Q", content, each + 0x20)[0] for each in headers]
    end = max(offset + length for offset, length in zip(offsets, lengths, strict=True))
    kept = bytearray(content[: max(end, start + size * count)])
    # The table of sections was behind: where it is, how many there are, which has their names.
    struct.pack_into("<Q", kept, 0x28, 0)
    struct.pack_into("<HH", kept, 0x3C, 0, 0)
    mode = path.stat().st_mode
    path.unlink()  # it may be a link to PEX's own copy
    path.write_bytes(kept)
    path.chmod(mode)


def compile_bytecode(target: Path) -> None:
    """Compile all modules to bytecode that is not compared with its source: neither changes."""
    compileall.compile_dir(
        target / "lib",
        quiet=2,
        stripdir=str(target),
        prependdir="/app",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def subtract(target: Path, other: Path) -> None:
    """Remove the environment, the files that the other folder holds too, and folders emptied."""
    shutil.rmtree(target / "bin")
    (target / "pyvenv.cfg").unlink()
    for path in sorted(target.rglob("*"), reverse=True):
        twin = other / path.relative_to(target)
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.is_symlink():
            if twin.is_symlink() and path.readlink() == twin.readlink():
                path.unlink()
        elif twin.is_file() and filecmp.cmp(path, twin, shallow=False):
            path.unlink()


def close(target: Path) -> None:
    """Take from everybody but the owner the right to write: some wheels give it."""
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~_OTHERS_WRITE)


def set_times(target: Path) -> None:
    """Give all files and folders one time."""
    for path in (target, *target.rglob("*")):
        os.utime(path, (_EPOCH, _EPOCH), follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    main()
