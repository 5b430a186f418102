"""The address under which people reach the site, and what follows from it."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Site:
    """The site's public address.

    Attributes:
        url: Scheme, host and port, without a path.
        secure: Whether it is served over TLS, so that cookies can be bound to TLS and host.
        origins: Which values of an Origin header are the site's own pages.
    """

    url: str
    secure: bool
    origins: frozenset[str]

    @classmethod
    def at(cls, url: str) -> "Site":
        """The site at this URL.

        Raises:
            ValueError: the URL is not one that the site can be safely served under.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be like https://tandem.example or http://127.0.0.1:8080")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be scheme, host and port only, without path or user")
        if not parts.hostname.isascii():
            raise ValueError(
                "must name its host as browsers do, like https://xn--bcher-kva.example"
            )
        loopback = _is_loopback(parts.hostname)
        if parts.scheme == "http" and not loopback:
            raise ValueError("must be https, since cookies would cross the network in the clear")
        origin = _origin(parts, parts.hostname)
        # A developer may type either of loopback's names.
        names = _LOOPBACK_NAMES if loopback else ()
        origins = {origin, *(_origin(parts, name.strip("[]")) for name in names)}
        return cls(origin, parts.scheme == "https", frozenset(origins))


type PublicUrl = Annotated[str, AfterValidator(lambda url: Site.at(url).url)]
"""A setting: the address of a site that can be safely served there."""


def _origin(parts: SplitResult, hostname: str) -> str:
    host = f"[{hostname}]" if ":" in hostname else hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    port = parts.port
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, default} else "")


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False
