"""Lines and items that are put into a text, and taken out of it again. Pure.

What was put in is taken out without a trace, also when others were put in after it.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from scaffold.errors import PlaceError

_LIST = re.compile(r"\[([^\[\]]*)\]")


class Edit(Protocol):
    """A change of one file."""

    @property
    def path(self) -> str:
        """The file, from the top of the checkout."""

    def put(self, content: str) -> str:
        """The content with it.

        Raises:
            PlaceError: it is there already, or has no place.
        """

    def taken(self, content: str) -> str:
        """The content without it.

        Raises:
            PlaceError: it is not there as it was put.
        """


@dataclass(frozen=True)
class Lines:
    """Whole lines in a part of a file.

    Attributes:
        path: The file.
        text: The lines.
        after: The line that the part begins after, a pattern; none: the file's first.
        before: The line that the part ends before, a pattern; none: the file's end.
        among: Those lines of it that the text is sorted among, a pattern; without: it comes last.
    """

    path: str
    text: str
    after: str = ""
    before: str = ""
    among: str = ""

    def put(self, content: str) -> str:
        """See `Edit`."""
        lines = content.splitlines(keepends=True)
        begin, end = self._part(lines)
        if self._places(lines, begin, end):
            raise PlaceError(self.path, f"has {self.text.strip()!r} already")
        at = self._among(lines, begin, end) if self.among else end
        return "".join([*lines[:at], self.text, *lines[at:]])

    def taken(self, content: str) -> str:
        """See `Edit`."""
        lines = content.splitlines(keepends=True)
        places = self._places(lines, *self._part(lines))
        if len(places) != 1:
            raise PlaceError(self.path, f"does not have {self.text.strip()!r} once")
        del lines[places[0] : places[0] + len(self._own)]
        return "".join(lines)

    @property
    def _own(self) -> list[str]:
        return self.text.splitlines(keepends=True)

    def _places(self, lines: list[str], begin: int, end: int) -> list[int]:
        """Where the text is in a part: whole lines, for another name may end as this one does."""
        size = len(self._own)
        starts = range(begin, end - size + 1)
        return [start for start in starts if lines[start : start + size] == self._own]

    def _part(self, lines: list[str]) -> tuple[int, int]:
        begin = self._found(self.after, lines, 0) + 1 if self.after else 0
        end = self._found(self.before, lines, begin) if self.before else len(lines)
        return begin, end

    def _found(self, pattern: str, lines: list[str], begin: int) -> int:
        for number in range(begin, len(lines)):
            if re.match(pattern, lines[number]):
                return number
        raise PlaceError(self.path, f"has no line {pattern!r}")

    def _among(self, lines: list[str], begin: int, end: int) -> int:
        like = [number for number in range(begin, end) if re.match(self.among, lines[number])]
        last = like[-1] + 1 if like else end
        return next((number for number in like if lines[number] > self.text), last)


@dataclass(frozen=True)
class Item:
    """An item of a list in brackets that stands on one line.

    Attributes:
        path: The file.
        item: The item, as it is written.
        line: The line, a pattern.
        before: The item that it comes before; none: it comes last.
    """

    path: str
    item: str
    line: str
    before: str = ""

    def put(self, content: str) -> str:
        """See `Edit`."""
        begin, end, items = self._items(content)
        if self.item in items:
            raise PlaceError(self.path, f"has {self.item} already")
        if self.before and self.before not in items:
            raise PlaceError(self.path, f"has no {self.before} in the list of {self.line!r}")
        items.insert(items.index(self.before) if self.before else len(items), self.item)
        return content[:begin] + ", ".join(items) + content[end:]

    def taken(self, content: str) -> str:
        """See `Edit`."""
        begin, end, items = self._items(content)
        if self.item not in items:
            raise PlaceError(self.path, f"has no {self.item} in the list of {self.line!r}")
        items.remove(self.item)
        return content[:begin] + ", ".join(items) + content[end:]

    def _items(self, content: str) -> tuple[int, int, list[str]]:
        line = re.search(self.line, content, re.MULTILINE)
        found = _LIST.search(content, line.start(), _end_of_line(content, line)) if line else None
        if found is None:
            raise PlaceError(self.path, f"has no line {self.line!r} with a list")
        return *found.span(1), [item for item in found[1].split(", ") if item]


def _end_of_line(content: str, line: re.Match[str]) -> int:
    end = content.find("\n", line.start())
    return len(content) if end < 0 else end
