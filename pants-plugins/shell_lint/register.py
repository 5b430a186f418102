"""What this backend adds to Pants; ``pants.backend.shell`` must be enabled too."""

from pants.backend.python.util_rules import pex

from shell_lint import lint


def rules() -> list[object]:
    """Return the rules of linting."""
    return [*lint.rules(), *pex.rules()]
