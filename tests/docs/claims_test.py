"""Each command of each page is run by one suite, which takes it from the page."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from ci.pages import blocks, is_command
from tests.docs.commands import (
    ROOT,
    Command,
    chosen,
    commands,
    documented,
    in_sentences,
    mentioned,
)
from tests.docs.placeholders import PLACEHOLDERS

BY_CI = {
    "./pants test ::": "pants test ::",
    "./pants package ::": "pants package ::",
    "./pants run infra/compose:secrets": "pants run infra/compose:secrets",
    "./pants run infra/images:sbom": "pants run infra/images:sbom",
    "./pants run infra/images:sizes": "pants run infra/images:sizes",
    "./pants lint ::": "pants lint ::",
    "./pants check ::": "pants check ::",
    "./pants run build-support:workflows": "pants run build-support:workflows",
    "./pants run build-support/breaking.py": "compare_contracts",
    "TANDEM_TEST_CALLS=100000 ./pants test tests/simulation/worlds_test.py": "simulate",
    "TANDEM_FUZZ_SECONDS=24 ./pants test --force tests/fuzz::": "fuzz",
    "infra/images/make-bases": "make_bases",
}
"""What `.ci/run` runs before and beside the suites, by the step that does."""

HISTORY = "CHANGELOG.md"
DEPLOYER = re.compile(r"\./pants run (?::|src/python/)bluegreen --")
NARROWED = re.compile(r"(\./pants \w+) \S+::?$")

BY_NEWCOMER = "./pants run :local"
"""What `build-support/newcomer.py` runs, in `.ci/run`'s last step."""


OPEN = {
    "docker compose --file FILE run --rm TASK": "what the deployer does with each task",
    "docker compose --file lane.yml kill --signal SIGUSR1": "what it does to drain a lane",
    "docker compose config --no-interpolate": "what does not do, and why",
    "docker inspect": "where somebody looks who must not find a password",
    "docker kill": "what the engine takes for a wish; whose container is left open",
    "docker kill -s KILL": "what a suite does to each container in turn",
    "docker login": "what keeps a password at a registry of the reader's own",
    "docker tag": "what gives an image another name",
    "git cherry-pick": "commits of the reader's own",
    "kill -9": "a crash of whatever is being told of",
    "kill 4711": "the number is in the message",
    "systemctl restart docker": "the server's own engine, which no suite has",
}
"""What sentences tell of and nobody types as it stands, and why."""


def read[T](parsed: Callable[[str, str], list[T]], *, history: bool = True) -> dict[str, list[T]]:
    """What each page has, by its path; what the changelog has was so in its time."""
    found = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    paths = [str(page.relative_to(ROOT)) for page in found if history or page.name != HISTORY]
    return {path: parsed(path, (ROOT / path).read_text()) for path in paths}


def pages() -> dict[str, list[Command]]:
    """What the blocks of each page have."""
    return read(commands)


def everywhere() -> Iterator[Command]:
    """What blocks and sentences have, of all pages."""
    return chain.from_iterable([*pages().values(), *read(in_sentences).values()])


def claims() -> list[Command]:
    """What suites name."""
    known = {documented.__name__: pages(), mentioned.__name__: read(in_sentences)}
    return [
        chosen(known[function][page], page, words)
        for suite in sorted(ROOT.glob("tests/*/*_test.py"))
        for function, page, words in _named(suite)
    ]


def _named(suite: Path) -> Iterator[tuple[str, str, str]]:
    """The function, the page and the words in each call of `documented` and `mentioned`."""
    text = suite.read_text()
    if f"from {documented.__module__} import" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        function = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and function in {documented.__name__, mentioned.__name__}:
            page, words = (ast.literal_eval(argument) for argument in node.args)
            yield function, page, words


def typed(command: Command) -> str:
    """What tells commands apart: not the page, nor how the deployer is called, nor lines."""
    return DEPLOYER.sub("bluegreen", command.script).replace(" && ", "\n")


def is_run(typed: str, run: set[str]) -> bool:
    """Whether all parts of it are run as they stand, with more behind it, or for more targets."""
    begun = {f"{line} " for script in run for line in script.splitlines()}
    return all(
        part in OPEN
        or any(line.startswith(f"{part} ") for line in begun)
        or (NARROWED.match(part) and NARROWED.sub(r"\1 ::", part) in run)
        for part in typed.splitlines()
    )


def test_each_command_is_run_by_a_suite() -> None:
    run = {*BY_CI, BY_NEWCOMER, *map(typed, claims())}
    nobody_runs = [
        f"{each.page}: {each.text}"
        for each in chain.from_iterable(pages().values())
        if typed(each) not in run and not run.issuperset(typed(each).splitlines())
    ]
    assert nobody_runs == []


def test_each_command_that_a_sentence_names_is_run_by_a_suite() -> None:
    run = {*BY_CI, BY_NEWCOMER, *map(typed, claims())}
    nobody_runs = [
        f"{each.page}: {each.text}"
        for each in chain.from_iterable(read(in_sentences, history=False).values())
        if not is_run(typed(each), run)
    ]
    assert nobody_runs == []


def test_a_block_with_a_command_is_one_of_commands() -> None:
    """In others nobody looks for any."""
    assert list(chain.from_iterable(read(commands_of_no_language).values())) == []


def commands_of_no_language(page: str, text: str) -> list[str]:
    return [
        f"{page}: {line}"
        for language, lines in blocks(text)
        if not language
        for line in lines
        if is_command(line)
    ]


def test_what_is_left_open_stands_in_a_sentence() -> None:
    named = {each.text for each in chain.from_iterable(read(in_sentences).values())}
    assert named >= OPEN.keys()


def test_no_command_is_run_twice() -> None:
    counted = Counter(typed(each) for each in claims())
    counted.update((*BY_CI, BY_NEWCOMER))
    assert [text for text, times in counted.items() if times > 1] == []


def test_what_is_run_elsewhere_is_on_a_page_and_run_there() -> None:
    everything = [typed(each) for each in everywhere()]
    parts = {*everything, *(line for each in everything for line in each.splitlines())}
    assert parts >= {*BY_CI, BY_NEWCOMER}
    script = (ROOT / ".ci/run").read_text()
    steps = re.findall(r'^ *step "[^"]*" (.+)$', script, re.MULTILINE)
    for command, step in BY_CI.items():
        assert step in steps
        assert command.replace("./pants", "pants") in script
    assert "try_local" in steps
    words = ", ".join(f'"{word}"' for word in BY_NEWCOMER.split())
    assert words in (ROOT / "build-support/newcomer.py").read_text()


def test_each_placeholder_stands_in_a_command() -> None:
    everything = "\n".join(each.script for each in everywhere())
    assert [name for name in PLACEHOLDERS if name not in everything] == []
