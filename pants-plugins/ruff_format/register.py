"""What this backend adds to Pants; ``pants.backend.experimental.python.lint.ruff`` must be enabled too."""

from pants.backend.python.util_rules import pex
from ruff_format import format as ruff_format


def rules():
    """Return the rules of formatting."""
    return [*ruff_format.rules(), *pex.rules()]
