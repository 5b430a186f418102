"""What a command is given, and what it asks for: settings, secrets, a site."""

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bluegreen.cli.console import Console
from bluegreen.secret import Secret, resolve, run
from bluegreen.settings import Destination, Settings
from bluegreen.site import Site, Told, opened


@dataclass(frozen=True)
class Context:
    """What all commands are given.

    Attributes:
        settings: The whole file.
        checkout: The folder that it is in.
        name: The destination's.
        destination: Its settings as they hold.
        console: Where to write.
        json: Whether a machine reads.
        options: What this command alone is told.
    """

    settings: Settings
    checkout: Path
    name: str
    destination: Destination
    console: Console
    json: bool
    options: argparse.Namespace

    def secrets(self, *, delivering: bool) -> dict[str, str]:
        """The secrets of a command.

        Args:
            delivering: Whether it delivers; others only need the key of the server.

        Raises:
            SettingsError: with all that are not to be had.
        """
        wanted = {path: secret for path, secret in self._named().items() if self._is_key(path)}
        if delivering:
            told = f"destinations.{self.name}.secrets."
            named = self._named().items()
            wanted = {path: secret for path, secret in named if not path.startswith(told)}
        return resolve(wanted, os.environ, run)

    def targets(self, secrets: Mapping[str, str]) -> list[str]:
        """The URLs of those who are told, of what a delivering command has."""
        return [value for path, value in secrets.items() if path.startswith("notify[")]

    @contextmanager
    def site(self, *, delivering: bool = False) -> Iterator[Site]:
        """The destination, reached with what the command needs."""
        with self.site_with(self.secrets(delivering=delivering)) as site:
            yield site

    @contextmanager
    def site_with(self, secrets: Mapping[str, str]) -> Iterator[Site]:
        """The destination, reached with these secrets."""
        told = Told(self.settings, self.name, self.destination, secrets, self.console.progress)
        with opened(told) as site:
            yield site

    def _named(self) -> dict[str, Secret]:
        return self.settings.secrets(self.name)

    def _is_key(self, path: str) -> bool:
        return path == f"destinations.{self.name}.key"
