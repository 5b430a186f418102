"""What a site answered."""

from dataclasses import dataclass

from services.account.scenario.page import Page, read

_HTML = "text/html"


@dataclass(frozen=True)
class Answer:
    """An answer, after redirects.

    Attributes:
        asked: Method and URL of the first request.
        path: Where redirects led to; the path that was asked if there were none.
        status: Its HTTP status.
        media_type: Of the body; empty if it was not told.
        body: All of it.
        location: Where it leads to, if that was not followed.
    """

    asked: str
    path: str
    status: int
    media_type: str
    body: str
    location: str = ""

    def page(self) -> Page:
        """The body as a page."""
        return read(self.body)

    def words(self) -> str:
        """What the body says, on one line: of a page its content alone."""
        text = self.page().text if self.media_type == _HTML else ""
        return " ".join((text or self.body).split())
