"""The pages of the docs: blocks and commands, which suites run, and prose, which few read."""

import re
from collections.abc import Iterator

READERS = ("benchmarks/delivery/", "tests/docs/")
"""Where the suites are that read prose, too: tables that are printed; links, names, the site."""

_COMMAND = r"(?:[A-Z_]+=\S+ )*(?:\./pants|bluegreen|curl|docker|git|kill|python|systemctl) [^`\n]+"
_SPOKEN = re.compile(rf"`({_COMMAND})`")
_TYPED = re.compile(rf"\$ |{_COMMAND}$")
_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\w*)$")


def is_page(path: str) -> bool:
    """Whether a file of the repository is one."""
    return path.endswith(".md") and ("/" not in path or path.startswith("docs/"))


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """The language and the lines of each block: commands, settings, what is printed."""
    return [(language, lines) for language, lines in parts(text) if language is not None]


def is_command(line: str) -> bool:
    """Whether a line is what somebody types."""
    return _TYPED.match(line) is not None


def spoken(text: str) -> list[str]:
    """The commands that sentences and tables name, without those that leave something open."""
    return [command for command in _SPOKEN.findall(prose(text)) if "…" not in command]


def prose(text: str) -> str:
    """A page without its blocks."""
    return "\n".join(line for language, lines in parts(text) if language is None for line in lines)


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
