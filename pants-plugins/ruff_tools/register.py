"""What this backend adds to Pants."""

from pants.backend.python.lint.ruff import skip_field, subsystem
from pants.backend.python.util_rules import pex

from ruff_tools import run


def rules() -> list[object]:
    """Return the rules, and those that they stand on."""
    return [*run.rules(), *skip_field.rules(), *subsystem.rules(), *pex.rules()]
