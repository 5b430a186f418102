"""What a browser without scripts finds in a page of the site."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form, with what its fields hold."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Entry:
    """An entry of the recent activity."""

    id: str
    text: str = ""


@dataclass
class Page:
    """What a page holds.

    Attributes:
        heading: Its title for people.
        text: What its content says.
        forms: In their order.
        stylesheets: Where they are.
        entries: Of the recent activity, the newest first.
        live: Where they are streamed; empty if the page is not live.
    """

    heading: str = ""
    text: str = ""
    forms: list[Form] = field(default_factory=list)
    stylesheets: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    live: str = ""

    def form(self, action: str) -> Form | None:
        """The first form that is sent to this path."""
        return next((form for form in self.forms if form.action == action), None)


def read(html: str) -> Page:
    """Find all of it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[str] = []
        self._typed = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.live = values.get("data-live", self.page.live)
        if tag in {"main", "h1", "textarea"} or "data-id" in values:
            self._open.append(tag)
        if tag == "form":
            self.page.forms.append(Form(values.get("action", "")))
        elif tag in {"input", "textarea"} and self.page.forms:
            self._typed = values.get("name", "")
            self.page.forms[-1].fields[self._typed] = values.get("value", "")
        elif tag == "link" and values.get("rel") == "stylesheet":
            self.page.stylesheets.append(values.get("href", ""))
        elif "data-id" in values:
            self.page.entries.append(Entry(values["data-id"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        if "textarea" in self._open:
            if self.page.forms:
                self.page.forms[-1].fields[self._typed] += data.removeprefix("\n")
            return
        if "main" in self._open:
            self.page.text += data
        if "h1" in self._open:
            self.page.heading += data
        if "li" in self._open:
            self.page.entries[-1].text += data
