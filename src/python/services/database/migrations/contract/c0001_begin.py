"""Begin the contract branch.

The first release has nothing to remove; the next revision of this branch follows this one.
"""

revision = "c0001"
down_revision = None
branch_labels = ("contract",)
depends_on = None


def upgrade() -> None:
    """Change nothing."""
