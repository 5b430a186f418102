"""Each command of each page is run by one suite, which takes it from the page."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tests.docs.commands import ROOT, Command, chosen, commands, documented
from tests.docs.placeholders import PLACEHOLDERS

BY_CI = {
    "./pants test ::": "pants test ::",
    "./pants package ::": "pants package ::",
    "./pants run infra/compose:secrets": "pants run infra/compose:secrets",
    "infra/images/make-bases": "make_bases",
}
"""What `.ci/run` runs before and beside the suites, by the step that does."""

BY_NEWCOMER = "./pants run :local"
"""What `build-support/newcomer.py` runs, in `.ci/run`'s last step."""


def pages() -> dict[str, list[Command]]:
    """The commands of each page, by its path."""
    found = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    paths = [str(page.relative_to(ROOT)) for page in found]
    return {path: commands(path, (ROOT / path).read_text()) for path in paths}


def claims() -> list[Command]:
    """What suites name."""
    known = pages()
    return [
        chosen(known[page], page, words)
        for suite in sorted(ROOT.glob("tests/*/*_test.py"))
        for page, words in _named(suite)
    ]


def _named(suite: Path) -> Iterator[tuple[str, str]]:
    """The page and the words in each call of `documented`."""
    text = suite.read_text()
    if f"from {documented.__module__} import" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == documented.__name__:
            page, words = (ast.literal_eval(argument) for argument in node.args)
            yield page, words


def typed(command: Command) -> str:
    """What tells commands apart: not the page, nor whether it is on lines of its own."""
    return command.script.replace(" && ", "\n")


def test_each_command_is_run_by_a_suite() -> None:
    run = {*BY_CI, BY_NEWCOMER, *map(typed, claims())}
    nobody_runs = [
        f"{each.page}: {each.text}"
        for each in chain.from_iterable(pages().values())
        if typed(each) not in run and not run.issuperset(typed(each).splitlines())
    ]
    assert nobody_runs == []


def test_no_command_is_run_twice() -> None:
    counted = Counter(typed(each) for each in claims())
    counted.update((*BY_CI, BY_NEWCOMER))
    assert [text for text, times in counted.items() if times > 1] == []


def test_what_is_run_elsewhere_is_on_a_page_and_run_there() -> None:
    everything = [typed(each) for each in chain.from_iterable(pages().values())]
    parts = {*everything, *(line for each in everything for line in each.splitlines())}
    assert parts >= {*BY_CI, BY_NEWCOMER}
    script = (ROOT / ".ci/run").read_text()
    steps = re.findall(r'^step "[^"]*" (.+)$', script, re.MULTILINE)
    for command, step in BY_CI.items():
        assert step in steps
        assert command.removeprefix("./") in script
    assert "try_local" in steps
    words = ", ".join(f'"{word}"' for word in BY_NEWCOMER.split())
    assert words in (ROOT / "build-support/newcomer.py").read_text()


def test_each_placeholder_stands_in_a_command() -> None:
    everything = "\n".join(each.script for each in chain(*pages().values()))
    assert [name for name in PLACEHOLDERS if name not in everything] == []
