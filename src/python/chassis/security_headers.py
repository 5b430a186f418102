"""What every response tells the browser to refuse."""

_PAGES = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
LIVE_PAGE = {"content-security-policy": f"{_PAGES}; script-src 'self'; connect-src 'self'"}
"""Of a page with a script: of this site only, and none in the page; it may ask this site alone."""

_DATA = "default-src 'none'; frame-ancestors 'none'"
_FEATURES = (
    "accelerometer",
    "camera",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "payment",
    "usb",
)
_TWO_YEARS = 63_072_000  # seconds

_COMMON = {
    "x-content-type-options": "nosniff",
    # Anything stricter makes browsers send "Origin: null" with the site's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "cache-control": "no-store",
}


def security_headers(*, secure: bool, data: bool) -> list[tuple[bytes, bytes]]:
    """Headers for a page, or for data that is no page, as ASGI sends them.

    Args:
        secure: Whether the site is served over TLS.
        data: Whether it is no page.
    """
    headers = {**_COMMON, "content-security-policy": _DATA if data else _PAGES}
    if secure:
        headers["strict-transport-security"] = f"max-age={_TWO_YEARS}"
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
