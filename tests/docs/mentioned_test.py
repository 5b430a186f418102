"""What pages name in running text and in tables is there: commands, their words, files.

That commands are run, too, is for `claims_test.py`; those of the changelog, and those that leave
something open, are only looked up here.
"""

import os
import re
import shlex
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from bluegreen.cli.parser import parser
from ci.pages import prose
from tests.docs.commands import ROOT
from tests.support import requirements
from tests.support.docker import CHECKOUT

_SPAN = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(
    r"(?:src|tests|infra|build-support|docs|benchmarks|3rdparty|\.github|\.ci)/[\w./:-]+"
)
_INDENTED = re.compile(r"^  ([a-z-]+):", re.MULTILINE)
_GOALS = frozenset({"check", "fmt", "lint", "package", "run", "test"})
_OF_A_SERVICE = frozenset({"exec", "kill", "logs", "run", "stats"})
_EXAMPLES = re.compile(r"infra/compose/secrets|orders|parcels|greetings|NAME|docs/page\.md")
"""What readers make by a page, and what stands for any."""


def spans() -> list[tuple[str, str]]:
    """What stands between backticks outside of blocks, with its page."""
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    return [
        (str(page.relative_to(ROOT)), span)
        for page in pages
        for span in _SPAN.findall(prose(page.read_text()))
    ]


def beginning(program: str) -> Iterator[tuple[str, list[str]]]:
    """The words after a program's name, of each command that begins with it."""
    for page, span in spans():
        if span.startswith(f"{program} ") and "…" not in span:
            yield page, shlex.split(span.removeprefix(program).translate({91: " ", 93: " "}))


@pytest.fixture
def checkout() -> Path:
    """The repository with all its files."""
    place = os.environ.get(CHECKOUT)
    if place is None:
        requirements.missing(f"no checkout: {CHECKOUT} names the folder")
    return Path(place)


def of_the_deployer() -> list[tuple[str, list[str]]]:
    """The words of all commands of bluegreen."""
    by_pants = [
        (page, words[words.index("--") + 1 :])
        for page, words in beginning("./pants")
        if words[:3] == ["run", ":bluegreen", "--"]
    ]
    return [*beginning("bluegreen"), *((page, words) for page, words in by_pants if words)]


@pytest.mark.parametrize(("page", "words"), of_the_deployer())
def test_the_deployer_has_the_command(page: str, words: list[str]) -> None:
    try:
        parser().parse_args(words)
    except SystemExit as ended:
        if ended.code != 0:  # as it is not for --help
            pytest.fail(f"{page}: bluegreen {shlex.join(words)}")


def test_pants_has_the_target(checkout: Path) -> None:
    unknown = [
        f"{page}: {address}"
        for page, words in beginning("./pants")
        if words[0] in _GOALS
        for address in takewhile(
            lambda word: word not in {"--", "&&"}, dropwhile(_GOALS.__contains__, words)
        )
        if not address.startswith("-") and not is_target(checkout, address)
    ]
    assert unknown == []


def is_target(checkout: Path, address: str) -> bool:
    """Whether an address is a file, a folder with targets, or a target that its folder names."""
    folder, colon, name = address.partition(":")
    place = checkout / folder
    if place.is_file():
        return True
    if not colon or name in {"", ":"}:
        return any(place.rglob("BUILD"))
    build = place / "BUILD"
    return build.is_file() and f'name="{name}"' in build.read_text()


def test_python_has_the_program(checkout: Path) -> None:
    unknown = [
        f"{page}: {words[0]}"
        for page, words in beginning("python -m")
        if not (checkout / "src/python" / words[0].replace(".", "/") / "__main__.py").is_file()
    ]
    assert unknown == []


def test_compose_has_the_service(checkout: Path) -> None:
    files = [file.read_text() for file in (checkout / "infra/compose").glob("*.yml")]
    known = {name for file in files for name in _INDENTED.findall(file)}
    unknown = [
        f"{page}: {service}"
        for page, words in beginning("docker compose")
        for service in _services(words)
        if service not in known
    ]
    assert unknown == []


def _services(words: list[str]) -> Iterator[str]:
    """The service that a command of Compose is about; what is in capitals stands for any."""
    bare = [word for word in words if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
    if len(bare) > 1 and bare[0] in _OF_A_SERVICE:
        yield bare[1]


def test_files_are_where_pages_say(checkout: Path) -> None:
    gone = [
        f"{page}: {path}"
        for page, span in spans()
        for path in _PATH.findall(span)
        if not _EXAMPLES.search(path)
        and not is_target(checkout, path.rstrip("."))
        and not (checkout / path.partition(":")[0].rstrip(".")).exists()
    ]
    assert gone == []
