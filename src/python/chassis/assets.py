"""Static files under names that change with their content, so that they can be cached for ever."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path, PurePath

_DIGITS = 12
_MODE = 0o644
PREFIX = "/static/"


@dataclass(frozen=True)
class Asset:
    """A static file of the package."""

    name: str
    content: bytes

    @property
    def published_name(self) -> str:
        """The name with the content's fingerprint: "site.css" gives "site.0123456789ab.css"."""
        path = PurePath(self.name)
        fingerprint = sha256(self.content).hexdigest()[:_DIGITS]
        return f"{path.stem}.{fingerprint}{path.suffix}"


class Assets:
    """The static files that pages refer to.

    None of them refers to another by name: a reference would have to be rewritten.
    """

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = dict(assets)

    @classmethod
    def of(cls, package: str) -> "Assets":
        """The files that a package carries in its folder `static`."""
        folder = resources.files(package).joinpath("static")
        files = (entry for entry in folder.iterdir() if entry.is_file())
        return cls({entry.name: Asset(entry.name, entry.read_bytes()) for entry in files})

    def url(self, name: str) -> str:
        """Where a page finds the file.

        Raises:
            KeyError: there is no such file.
        """
        return PREFIX + self._assets[name].published_name

    def publish(self, folder: Path) -> list[Path]:
        """Write every file under its published name; what is there already stays.

        Files of other releases are left alone, since their pages may still be open in browsers.
        A file appears whole or not at all.

        Returns:
            All published files, sorted.

        Raises:
            OSError: the folder cannot be made or written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return sorted(_write(folder, asset) for asset in self._assets.values())


def _write(folder: Path, asset: Asset) -> Path:
    target = folder / asset.published_name
    if target.exists() and target.read_bytes() == asset.content:
        return target
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
        file.write(asset.content)
    written = Path(file.name)
    written.chmod(_MODE)
    return written.replace(target)
