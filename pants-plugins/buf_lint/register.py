"""What this backend adds to Pants."""

from buf_lint import lint
from pants.backend.python.util_rules import pex


def rules():
    """Return the rules of linting."""
    return [*lint.rules(), *pex.rules()]
