"""The error tree of requests; see the package's docstring. Messages are for people."""

from chassis._errors import ChassisError


class WebError(ChassisError):
    """A request is refused.

    Attributes:
        status: The HTTP status that says why.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class CrossSiteError(WebError):
    """Another site's page sent the request."""

    def __init__(self) -> None:
        super().__init__(403, "The request came from another site, so it was not carried out.")


class StaleFormError(WebError):
    """The form was not made for this browser and purpose."""

    def __init__(self) -> None:
        super().__init__(
            403,
            "This form is out of date, so nothing was changed. Go back, reload the page and send "
            "it again; cookies must be allowed for this site.",
        )


class UnreadableBodyError(WebError):
    """The body of the request cannot be taken: 400, 413 or 415."""
