"""Images on a server's engine: pulled by digest, with the deployer's own right to pull."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from bluegreen.errors import PortError, TemporaryError

NO_SUCH_TAG = "bluegreen-doctor"
"""What a registry is asked for: that it knows nothing of it is an answer, too."""

_CONFLICT = 409
_FORBIDDEN = (401, 403)
_CLOSED = re.compile(r"unauthorized|denied|no basic auth", re.IGNORECASE)
_LASTING = re.compile(
    r"manifest unknown|not found|unauthorized|denied|no basic auth|invalid reference|no space left",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Credentials:
    """Who may pull from the registry and push to it."""

    user: str
    password: str

    def for_engine(self) -> dict[str, str]:
        """As the engine takes it with a request; it is kept nowhere."""
        return {"username": self.user, "password": self.password}


class Images:
    """The images of releases.

    Args:
        login: For the registry; None if it asks for none.
    """

    def __init__(self, login: Credentials | None) -> None:
        self._login = login

    def missing(self, client: docker.DockerClient, images: Iterable[str]) -> list[str]:
        """Those that are not there."""
        return [image for image in images if not _is_there(client, image)]

    def ask(self, client: docker.DockerClient, repository: str) -> None:
        """See that the registry of a repository answers the server.

        Raises:
            PortError: it does, and refuses the login.
            APIError: it does not.
        """
        login = self._login.for_engine() if self._login else None
        try:
            client.api.inspect_distribution(  # type: ignore[no-untyped-call]
                f"{repository}:{NO_SUCH_TAG}", auth_config=login
            )
        except NotFound:
            return
        except APIError as error:
            said = str(error.explanation or error)
            if error.status_code not in _FORBIDDEN and not _CLOSED.search(said):
                raise
            raise PortError(
                f"the registry {registry_of(repository)} refuses the server the login: {said}; see "
                "project.registry-login, or use `docker login` on this machine"
            ) from error

    def pull(self, client: docker.DockerClient, image: str) -> None:
        """Bring an image.

        Raises:
            PortError: the registry has no such image, or does not give it.
            TemporaryError: the registry cannot be reached.
        """
        repository, _, digest = image.partition("@")
        login = self._login.for_engine() if self._login else None
        try:
            lines: Iterable[Mapping[str, Any]] = client.api.pull(
                repository, tag=digest, stream=True, decode=True, auth_config=login
            )
        except APIError as error:
            raise _refused(repository, str(error.explanation or error)) from error
        for line in lines:
            if "error" in line:
                raise _refused(repository, str(line["error"]))
        if not _is_there(client, image):
            raise TemporaryError(f"the pull of {repository} ended before it was complete")

    def remove(self, client: docker.DockerClient, images: Sequence[str]) -> None:
        """Remove images; those that containers have are left."""
        for image in images:
            try:
                client.images.remove(image)
            except ImageNotFound:
                continue
            except APIError as error:
                if error.status_code != _CONFLICT:
                    raise


def registry_of(repository: str) -> str:
    """The host of a repository's registry."""
    return repository.partition("/")[0]


def _is_there(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def _refused(repository: str, reason: str) -> PortError:
    message = f"{repository} cannot be pulled: {reason}"
    return PortError(message) if _LASTING.search(reason) else TemporaryError(message)
