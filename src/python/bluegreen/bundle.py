"""A release as a folder: its manifest, and the Compose files that the manifest names by digest."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bluegreen.errors import DocumentError
from bluegreen.release import Release

MANIFEST = "release.json"


@dataclass(frozen=True)
class Bundle:
    """What is delivered, and how it runs.

    Attributes:
        release: The manifest.
        files: The Compose files, by their names.

    Raises:
        DocumentError: a file is missing, was changed, or is none of the manifest's; with all of it.
    """

    release: Release
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        problems = list(_problems(self.release, self.files))
        if problems:
            raise DocumentError(f"release {self.release.version}", problems)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from a folder.

        Raises:
            DocumentError: it is none, or was changed since it was written; with every problem.
        """
        contents, problems = {}, []
        for path in sorted(folder.iterdir() if folder.is_dir() else ()):
            try:
                contents[path.name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not UTF-8"
                problems.append(f"{path.name}: cannot be read: {reason}")
        manifest = contents.pop(MANIFEST, None)
        if manifest is None:
            missing = f"{MANIFEST}: is missing; name a folder that `bluegreen build` wrote"
            raise DocumentError(str(folder), [missing, *problems])
        release = Release.parse(manifest, str(folder / MANIFEST))
        problems.extend(_problems(release, contents))
        if problems:
            raise DocumentError(str(folder), problems)
        return cls(release, contents)

    def write(self, folder: Path) -> None:
        """Write it to a folder of its own, which appears whole; an older bundle there is replaced.

        Raises:
            DocumentError: there is something else, which stays; or it cannot be written.
        """
        check_place(folder)
        new, old = (folder.with_name(f".{folder.name}.{which}") for which in ("new", "old"))
        try:
            for leftover in (new, old):
                shutil.rmtree(leftover, ignore_errors=True)
            new.mkdir(parents=True)
            for name, content in {**self.files, MANIFEST: self.release.render()}.items():
                _write(new / name, content)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise DocumentError(str(folder), [f"cannot be written: {error.strerror}"]) from None


def check_place(folder: Path) -> None:
    """See that a bundle may be written to a folder.

    Raises:
        DocumentError: there is something else.
    """
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise DocumentError(str(folder), ["is there, and is no release; name another folder"])


def digest(content: str) -> str:
    """What a manifest says of a file's content: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def _problems(release: Release, files: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(release.files.keys() | files.keys()):
        if name not in files:
            yield f"{name}: is missing"
        elif name not in release.files:
            yield f"{name}: is no file of this release"
        elif digest(files[name]) != release.files[name]:
            yield f"{name}: was changed since the release was built; build it again"


def _write(file: Path, content: str) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
