"""What a command is given, and what it asks for: settings, secrets, a site."""

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bluegreen.cli.console import Console
from bluegreen.cli.outside import Outside
from bluegreen.cli.trail import Trail
from bluegreen.errors import SettingsError
from bluegreen.people import Once
from bluegreen.secret import Secret, resolve, run
from bluegreen.settings import Destination, Settings
from bluegreen.site import Site, Told
from bluegreen.store import Record

_PEOPLE = "notify["


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
        outside: What it reaches beyond this process.
        trail: What it has touched.
    """

    settings: Settings
    checkout: Path
    name: str
    destination: Destination
    console: Console
    json: bool
    options: argparse.Namespace
    outside: Outside = field(default_factory=Outside)
    trail: Trail = field(default_factory=Trail)

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

    def people(self, secrets: Mapping[str, str]) -> Once | None:
        """Those who are told, of what a delivering command has; None if nobody is to be.

        Raises:
            SettingsError: with all URLs that mean nothing.
        """
        urls = [value for path, value in secrets.items() if path.startswith(_PEOPLE)]
        return Once(self.outside.notifier(urls)) if urls else None

    def reachable_people(self) -> Once | None:
        """Those of them whose own secrets are to be had, whatever others lack."""
        secrets: dict[str, str] = {}
        for path, secret in self._named().items():
            if path.startswith(_PEOPLE):
                with suppress(SettingsError):
                    secrets |= resolve({path: secret}, os.environ, run)
        with suppress(SettingsError):
            return self.people(secrets)
        return None

    def record(self, record: Record) -> None:
        """Show what became of a step."""
        self.trail.follow(record)
        self.console.record(record)

    @contextmanager
    def site(self, *, delivering: bool = False) -> Iterator[Site]:
        """The destination, reached with what the command needs."""
        with self.site_with(self.secrets(delivering=delivering)) as site:
            yield site

    @contextmanager
    def site_with(self, secrets: Mapping[str, str]) -> Iterator[Site]:
        """The destination, reached with these secrets."""
        told = Told(self.settings, self.name, self.destination, secrets, self.console.progress)
        with self.outside.site(told) as site:
            yield site

    def _named(self) -> dict[str, Secret]:
        return self.settings.secrets(self.name)

    def _is_key(self, path: str) -> bool:
        return path == f"destinations.{self.name}.key"
