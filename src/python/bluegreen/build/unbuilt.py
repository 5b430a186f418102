"""What stands for a release before it is built: what its version and digests will be, nobody knows.

It has other images than whatever serves, and knows the schema as it is.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from bluegreen.bundle import digest
from bluegreen.release import Heads, Release
from bluegreen.settings import Settings

DIGEST = "0" * 64
"""What stands for the digest of each image."""


def unbuilt(
    settings: Settings, revision: str, files: Mapping[str, str], database: Heads
) -> Release:
    """The release that a build of a checkout would make, were it done by now.

    Args:
        settings: What is built.
        revision: The commit of the checkout.
        files: The contents of its Compose files.
        database: Where the schema stands.
    """
    registry = settings.project.registry
    return Release(
        revision=revision,
        built_at=datetime.now(UTC).replace(microsecond=0),
        images={name: f"{registry}/{name}@sha256:{DIGEST}" for name in settings.built},
        files={name: digest(content) for name, content in files.items()},
        heads=database,
    )
