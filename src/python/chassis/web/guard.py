"""Whether a request that changes something came from the site's own pages."""

from collections.abc import Mapping

from chassis.web.errors import CrossSiteError, UnreadableBodyError
from chassis.web.site import Site

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_BODY_METHODS = {"POST", "PUT", "PATCH"}
_OWN = {"same-origin", "none"}


def check_source(site: Site, method: str, headers: Mapping[str, str]) -> None:
    """Let pass what is safe, or comes from the site.

    Every browser of today says with such a request where it came from; a program that is not a
    browser says nothing, and nobody can make it send another person's cookies.

    Raises:
        CrossSiteError: the browser says that another site's page sent it.
    """
    if method in _SAFE_METHODS:
        return
    if headers.get("sec-fetch-site", "none") not in _OWN:
        raise CrossSiteError
    origin = headers.get("origin")
    if origin is not None and origin not in site.origins:
        raise CrossSiteError


def check_json(method: str, headers: Mapping[str, str]) -> None:
    """Let pass a request of the JSON API.

    No form and no other simple request of a foreign page can have this media type.

    Raises:
        UnreadableBodyError: the body is not declared as JSON.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method in _BODY_METHODS and media_type != "application/json":
        raise UnreadableBodyError(415, "The body must be sent as application/json.")
