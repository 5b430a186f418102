"""What this backend adds to Pants."""

from pants.backend.python.util_rules import pex

from buf_lint import lint


def rules() -> list[object]:
    """Return the rules of linting."""
    return [*lint.rules(), *pex.rules()]
