"""Whether a step has to be run at all: not if what it made is there, and nothing has changed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stamp:
    """What the result of a step depends on, and where the last success is noted.

    Attributes:
        path: The note; the step is out of date when it is older than an output.
        inputs: Files, and directories with all that is in them.
        texts: Other things that it depends on; only a digest of them is noted.
        outputs: What the step makes, or works on.
    """

    path: Path
    inputs: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()
    outputs: tuple[Path, ...] = ()

    def digest(self) -> str:
        """Sum up the inputs as they are now."""
        digest = hashlib.sha256()
        for text in self.texts:
            digest.update(f"{len(text)}:{text}".encode())
        for path in self._files():
            digest.update(f"\0{path}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_current(self) -> bool:
        """Whether the step would change nothing."""
        try:
            noted, at = self.path.read_text(), self.path.stat().st_mtime_ns
            younger = any(output.stat().st_mtime_ns > at for output in self.outputs)
        except FileNotFoundError:
            return False
        return not younger and noted == self.digest()

    def write(self, digest: str) -> None:
        """Note that the step has succeeded on inputs of this digest."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(digest)

    def _files(self) -> Iterator[Path]:
        for top in self.inputs:
            found = sorted(top.rglob("*")) if top.is_dir() else [top]
            yield from (path for path in found if path.is_file() and path.suffix != ".pyc")
