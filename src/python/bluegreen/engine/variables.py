"""What the Compose files on a server are told: a `.env` file beside each of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bluegreen.lane import Lane
from bluegreen.release import Release


@dataclass(frozen=True)
class Variables:
    """What is the same for all files of a destination.

    Attributes:
        project: The Compose project of the servers.
        folder: The deployer's folder on the server.
        public_url: How browsers reach the site.
        others: What the settings of the destination add, or say otherwise.
    """

    project: str
    folder: str
    public_url: str
    others: Mapping[str, str]

    def render(self, release: Release, lane: Lane | None = None) -> str:
        """The content of the file for a release, and for a lane if it is in one.

        Values stand in single quotes, within which Compose replaces nothing.
        """
        values = {
            "TANDEM_PROJECT": self.project,
            "TANDEM_SECRETS": f"{self.folder}/secrets",
            "TANDEM_PUBLIC_URL": self.public_url,
            "TANDEM_VERSION": release.version,
            **{image_variable(name): image for name, image in sorted(release.images.items())},
            **self.others,
            **({"TANDEM_LANE": lane} if lane else {}),
        }
        return "".join(f"{name}='{value}'\n" for name, value in values.items())


def image_variable(name: str) -> str:
    """How the Compose files call the image of a service."""
    return f"TANDEM_IMAGE_{name.upper().replace('-', '_')}"
