"""What a browser without scripts does with a page: it finds forms and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class PageForm:
    """A form of a page, with what its fields hold."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(PageForm(values["action"]))
        elif tag == "input" and self.found:
            self.found[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "textarea":
            self._text = values["name"]
            self.found[-1].fields[self._text] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.found[-1].fields[self._text] += data.removeprefix("\n")


def forms(page: httpx.Response, action: str) -> list[PageForm]:
    """The page's forms that are sent to this path."""
    parser = _Forms()
    parser.feed(page.text)
    return [form for form in parser.found if form.action == action]


async def submit(
    client: httpx.AsyncClient, page: httpx.Response, action: str, **typed: str
) -> httpx.Response:
    """Send the page's first form to this path, with these fields filled in."""
    form = forms(page, action)[0]
    return await client.post(
        action,
        data={**form.fields, **typed},
        headers={"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"},
    )


async def sign_up(
    client: httpx.AsyncClient,
    name: str = "Ada Lovelace",
    email: str = "ada@example.com",
    password: str = "analytical engine",  # noqa: S107  # of an account in memory
) -> httpx.Response:
    """Open an account as a person does."""
    page = await client.get("/sign-up")
    return await submit(client, page, "/sign-up", display_name=name, email=email, password=password)


async def sign_in(
    client: httpx.AsyncClient,
    email: str = "ada@example.com",
    password: str = "analytical engine",  # noqa: S107  # of an account in memory
) -> httpx.Response:
    """Sign in as a person does."""
    page = await client.get("/sign-in")
    return await submit(client, page, "/sign-in", email=email, password=password)
