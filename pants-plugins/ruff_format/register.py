"""What this backend adds to Pants, beside its own backend of ruff, which must be enabled too."""

from pants.backend.python.util_rules import pex

from ruff_format import format as ruff_format


def rules() -> list[object]:
    """Return the rules of formatting."""
    return [*ruff_format.rules(), *pex.rules()]
