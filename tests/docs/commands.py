"""The commands that a page shows, as somebody types them who reads it.

    looked = documented("docs/down.md", "docker compose ps")
    done = looked.run(folder=stack.folder, environment=stack.told)
    assert done.code == 0, done.said

A suite says only which command it means, `mentioned` if a sentence has it and no block; what is run
is the page's own text, in bash. `claims_test.py` wants each command of each page to be one that a
suite names so.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ci.pages import blocks, spoken
from tests.docs.placeholders import put_in

ROOT = Path(__file__).parents[2]

_PROMPT = re.compile(r"(?:\S+@\S+# |\$ )")
_PREPARES = re.compile(r"(?:cd|export) (?!.*&&)")
_SHELL = frozenset({"sh", "console"})
_BASH = ("/bin/bash", "-euo", "pipefail", "-c")
_TIMEOUT = 120.0  # seconds


class NoSuchCommandError(Exception):
    """A page has no command or block that is meant, or several."""


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, and what it wrote to either stream."""

    code: int
    said: str


@dataclass(frozen=True)
class Command:
    """A command of a page.

    Attributes:
        page: The page's path in the repository.
        text: What is typed, without the prompt and comments, on one line.
        prepared: `cd` and `export` before it in the same block.
        output: What the page shows below it.
    """

    page: str
    text: str
    prepared: tuple[str, ...] = ()
    output: str = ""

    @property
    def script(self) -> str:
        """All that is typed, from the beginning of the block's `cd` and `export`."""
        return "\n".join([*self.prepared, self.text])

    def followed_by(self, text: str) -> "Command":
        """Something that is typed after it in the same shell."""
        return replace(self, prepared=(*self.prepared, self.text), text=text)

    def run(
        self,
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        instead: Mapping[str, str] | None = None,
        typed: str = "",
        timeout: float = _TIMEOUT,
    ) -> Done:
        """Type it in bash.

        Args:
            folder: Where.
            environment: What it is told; the same as this process, if left out.
            instead: What stands for placeholders of the page, by those of `placeholders.py`.
            typed: What it finds on its standard input.
            timeout: Seconds that it may take.

        Raises:
            subprocess.TimeoutExpired: it took longer.
            KeyError: something else than a placeholder is to be replaced.
        """
        told = os.environ if environment is None else environment
        with self.begun(folder=folder, environment=told, instead=instead) as process:
            said, _ = process.communicate(typed, timeout)
            return Done(process.returncode, said)

    @contextmanager
    def begun(
        self,
        *,
        folder: Path,
        environment: Mapping[str, str],
        instead: Mapping[str, str] | None = None,
    ) -> Iterator[subprocess.Popen[str]]:
        """Type it, and go on; it and what it started is killed at the end, if it still runs.

        Args:
            folder: Where.
            environment: What it is told.
            instead: What stands for placeholders of the page.

        Raises:
            KeyError: something else than a placeholder is to be replaced.
        """
        with subprocess.Popen(  # noqa: S603  # our own pages
            [*_BASH, put_in(self.script, instead or {})],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def documented(page: str, words: str) -> Command:
    """The command of a page that is just this, or else has these words.

    Raises:
        NoSuchCommandError: there is none, or more than one.
    """
    return chosen(commands(page, (ROOT / page).read_text()), page, words)


def mentioned(page: str, words: str) -> Command:
    """The command of a page's sentences and tables that is just this, or else has these words.

    Raises:
        NoSuchCommandError: there is none, or more than one.
    """
    return chosen(in_sentences(page, (ROOT / page).read_text()), page, words)


def chosen(among: Sequence[Command], page: str, words: str) -> Command:
    """The command that is just this, with what prepares it or without, or else has these words.

    Raises:
        NoSuchCommandError: there is none, or more than one.
    """
    having = [each for each in among if words in each.script]
    found = [each for each in having if words in (each.text, each.script)] or having
    if len(found) != 1:
        raise NoSuchCommandError(f"{page} has {len(found)} commands {words!r}, not one")
    return found[0]


def block(page: str, language: str, containing: str) -> str:
    """The block of a page that is in a language and has these words.

    Raises:
        NoSuchCommandError: there is none, or more than one.
    """
    written = blocks((ROOT / page).read_text())
    texts = ("\n".join(lines) for given, lines in written if given == language)
    found = [text for text in texts if containing in text]
    if len(found) != 1:
        raise NoSuchCommandError(f"{page} has {len(found)} blocks with {containing!r}, not one")
    return f"{found[0]}\n"


def commands(page: str, text: str) -> list[Command]:
    """All commands of a page, from its blocks of `sh` and `console`."""
    return [
        command
        for language, lines in blocks(text)
        if language in _SHELL
        for command in _of_block(page, language, _joined(lines))
    ]


def in_sentences(page: str, text: str) -> list[Command]:
    """All commands that sentences and tables of a page name."""
    return [Command(page, command) for command in dict.fromkeys(spoken(text))]


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Lines, those that a backslash continues as one."""
    begun = ""
    for line in lines:
        more = line.lstrip() if begun else line
        if more.endswith("\\"):
            begun += f"{more[:-1].rstrip()} "
        else:
            yield begun + more
            begun = ""


def _of_block(page: str, language: str, lines: Iterator[str]) -> list[Command]:
    found: list[Command] = []
    for line in lines:
        prompt = _PROMPT.match(line)
        if language == "sh" or prompt:
            text = _without_comment(line[prompt.end() :] if prompt else line)
            if text:
                found.append(Command(page, text))
        elif found:
            found[-1] = replace(found[-1], output=f"{found[-1].output}{line}\n")
    return list(_prepared(found))


def _prepared(found: Sequence[Command]) -> Iterator[Command]:
    """The commands with what prepares them; what prepares nothing is one itself."""
    before: tuple[str, ...] = ()
    for place, command in enumerate(found, 1):
        if _PREPARES.match(command.text) and place < len(found):
            before = (*before, command.text)
        else:
            yield replace(command, prepared=before)


def _without_comment(line: str) -> str:
    """A line up to its comment: a `#` after a space, in no quotes."""
    quote = ""
    for place, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and (place == 0 or line[place - 1].isspace()):
            return line[:place].strip()
    return line.strip()
