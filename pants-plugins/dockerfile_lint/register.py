"""What this backend adds to Pants; ``pants.backend.docker`` must be enabled too."""

from pants.backend.python.util_rules import pex

from dockerfile_lint import lint


def rules() -> list[object]:
    """Return the rules of linting."""
    return [*lint.rules(), *pex.rules()]
