"""What stands for a release before it is built: what its version and digests will be, nobody knows.

It has other images than whatever serves, and knows the schema as it is.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import override

from bluegreen.bundle import digest
from bluegreen.release import Heads, Release
from bluegreen.settings import Settings

VERSION = "VERSION"
DIGEST = "DIGEST"


class Unbuilt(Release):
    """It. `VERSION` and `DIGEST` stand where a release has its own."""

    @property
    @override
    def version(self) -> str:
        """What stands for it."""
        return VERSION


def unbuilt(
    settings: Settings, revision: str, files: Mapping[str, str], database: Heads
) -> Release:
    """The release that a build of a checkout would make.

    Args:
        settings: What is built.
        revision: The commit of the checkout.
        files: The contents of its Compose files.
        database: Where the schema stands.
    """
    registry = settings.project.registry
    return Unbuilt.model_construct(
        revision=revision,
        built_at=datetime.now(UTC).replace(microsecond=0),
        images={name: f"{registry}/{name}@sha256:{DIGEST}" for name in settings.built},
        files={name: digest(content) for name, content in files.items()},
        heads=database,
    )
