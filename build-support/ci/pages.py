"""The pages of the docs: their blocks, which suites run, and their prose, which few read."""

import re
from collections.abc import Iterator

READERS = ("benchmarks/delivery/", "tests/docs/")
"""Where the suites are that read prose, too: tables that are printed; links, names, the site."""

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\w*)$")


def is_page(path: str) -> bool:
    """Whether a file of the repository is one."""
    return path.endswith(".md") and ("/" not in path or path.startswith("docs/"))


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """The language and the lines of each block: commands, settings, what is printed."""
    return [(language, lines) for language, lines in parts(text) if language is not None]


def parts(text: str) -> Iterator[tuple[str | None, list[str]]]:
    """The lines of each block with its language, and those between blocks with None."""
    lines: list[str] = []
    language: str | None = None
    indent = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if language is None and fence:
            yield None, lines
            lines, language, indent = [], fence["language"], fence["indent"]
        elif fence and fence["indent"] == indent and language is not None:
            yield language, lines
            lines, language = [], None
        else:
            lines.append(line if language is None else line.removeprefix(indent))
    if language is None:
        yield None, lines
