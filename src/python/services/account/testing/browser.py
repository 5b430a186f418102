"""What a browser without scripts does with a page: it finds forms and sends them."""

import httpx

from services.account.scenario.page import Form, read


def forms(page: httpx.Response, action: str) -> list[Form]:
    """The page's forms that are sent to this path."""
    return [form for form in read(page.text).forms if form.action == action]


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
