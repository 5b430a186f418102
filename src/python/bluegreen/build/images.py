"""Images that were built on this machine, and the registry that they are pushed to."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Any, Protocol

import docker
from docker.errors import APIError, DockerException, NotFound
from urllib3.exceptions import HTTPError

from bluegreen.errors import PortError, TemporaryError

FINGERPRINT = "tandem.fingerprint"
"""The label that says what an image was made from."""

type Told = Callable[[int, int], None]
"""Is told how many bytes are there, and of how many."""

_SILENCE = 60.0  # seconds that an engine may say nothing while it pushes
_LOOK = 30.0  # seconds that it may look into itself
_REFUSED = ("unauthorized", "denied", "no basic auth credentials", "authentication required")
_FORBIDDEN = (401, 403)
_SHORT = 12


@dataclass(frozen=True)
class Built:
    """An image of this machine's engine.

    Attributes:
        id: Its id there.
        fingerprint: Of what it was made from: files, and what the build was told.
        layers: The digests of what is in it.
    """

    id: str
    fingerprint: str
    layers: tuple[str, ...]

    @property
    def tag(self) -> str:
        """Its tag in a registry: the same for the same content, from whatever machine.

        A fingerprint alone knows nothing of the base, which gets security updates.
        """
        content = hashlib.sha256(json.dumps(self.layers).encode()).hexdigest()
        return f"{self.fingerprint}-{content[:_SHORT]}"


class Images(Protocol):
    """The images of this machine, and a registry.

    Every method ends within a time, and raises `TemporaryError` for what may work a moment later,
    `PortError` for what will not.
    """

    def built(self, name: str) -> Built:
        """An image of this machine, by its name and tag."""

    def digest(self, repository: str, tag: str, timeout: float) -> str | None:
        """The digest that a tag has in the registry, as `sha256:...`; None if there is no such."""

    def push(self, image: Built, repository: str, tag: str, timeout: float, told: Told) -> str:
        """Push an image, as this tag, and give its digest."""

    def printed(self, image: Built, command: tuple[str, ...], timeout: float) -> str:
        """What a container of an image prints that has no network, and ends."""


class DockerImages:
    """Images of the engine that DOCKER_HOST names, or of the one on this machine.

    Args:
        login: The registry's user and password; without, what `docker login` has kept is used.
        environment: Where DOCKER_HOST and its like are looked for; this process's by default.
    """

    def __init__(
        self, login: tuple[str, str] | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._login = {"username": login[0], "password": login[1]} if login else None
        self._environment = environment

    def built(self, name: str) -> Built:
        """See `Images`."""
        with self._engine(_LOOK) as engine:
            try:
                image = engine.images.get(name)
            except NotFound:
                raise PortError(
                    f"there is no image {name}: the build does not make it; see [build] of the "
                    "settings"
                ) from None
            layers = tuple(image.attrs.get("RootFS", {}).get("Layers") or ())
        fingerprint = image.labels.get(FINGERPRINT)
        if not fingerprint:
            raise PortError(
                f"{name} has no label {FINGERPRINT}: something else than ./pants package built it"
            )
        return Built(str(image.id), fingerprint, layers)

    def digest(self, repository: str, tag: str, timeout: float) -> str | None:
        """See `Images`."""
        with self._engine(timeout, _registry(repository)) as engine:
            try:
                found = engine.api.inspect_distribution(  # type: ignore[no-untyped-call]
                    f"{repository}:{tag}", auth_config=self._login
                )
            except NotFound:
                return None
            except APIError as error:
                raise _of_registry(repository, error.explanation, error.status_code) from None
        return str(found["Descriptor"]["digest"])

    def push(self, image: Built, repository: str, tag: str, timeout: float, told: Told) -> str:
        """See `Images`."""
        end = monotonic() + timeout
        name = f"{repository}:{tag}"
        with self._engine(min(timeout, _SILENCE), _registry(repository)) as engine:
            engine.api.tag(image.id, repository, tag)
            try:
                lines = engine.api.push(
                    repository, tag, stream=True, decode=True, auth_config=self._login
                )
                return _pushed(repository, lines, end, told)
            finally:
                # The engine has it by the name that it was built as, too.
                with suppress(DockerException, OSError):
                    engine.api.remove_image(name)

    def printed(self, image: Built, command: tuple[str, ...], timeout: float) -> str:
        """See `Images`."""
        with self._engine(timeout) as engine:
            container = engine.containers.create(
                image.id, list(command), network_mode="none", read_only=True, cap_drop=["ALL"]
            )
            try:
                container.start()
                code = container.wait(timeout=ceil(timeout))["StatusCode"]
                text = container.logs(stdout=True, stderr=False).decode(errors="replace")
                wrote = container.logs(tail=20).decode(errors="replace")
            finally:
                with suppress(DockerException, OSError):
                    container.remove(force=True)
        if code != 0:
            raise PortError(f"{' '.join(command)} of the image ended with {code}", wrote)
        return text

    @contextmanager
    def _engine(
        self, timeout: float, of: str = "the engine of this machine"
    ) -> Iterator[docker.DockerClient]:
        try:
            engine = docker.from_env(timeout=max(1, ceil(timeout)), environment=self._environment)
        except (DockerException, OSError) as error:
            raise PortError(
                f"no Docker engine answers on this machine: {error}; start it, or name its "
                "address in DOCKER_HOST"
            ) from None
        try:
            yield engine
        except APIError as error:
            raise PortError(f"the engine of this machine refuses: {error.explanation}") from None
        except (DockerException, HTTPError, OSError) as error:
            raise TemporaryError(f"no answer from {of}: {error}") from None
        finally:
            engine.close()


def _pushed(repository: str, lines: Iterator[dict[str, Any]], end: float, told: Told) -> str:
    """Follow a push to its end; the digest.

    Raises:
        PortError: the registry did not take it.
    """
    sizes: dict[str, tuple[int, int]] = {}
    digest, failure = "", None
    # To the end, whatever is said: what is left unread would keep the connection open.
    for line in lines:
        digest = line.get("aux", {}).get("Digest", digest)
        failure = line.get("error", failure)
        detail = line.get("progressDetail") or {}
        if "current" in detail:
            total = detail.get("total", 0)
            sizes[line["id"]] = (min(detail["current"], total), total)
            told(*(sum(each) for each in zip(*sizes.values(), strict=True)))
        if monotonic() > end:
            raise TemporaryError(f"the push to {repository} takes too long; see push-timeout")
    if failure is not None:
        raise _of_registry(repository, failure)
    if not digest:
        raise TemporaryError(f"the push to {repository} ended without a digest")
    return digest


def _of_registry(repository: str, text: str | None, status: int | None = None) -> PortError:
    host, said = _registry(repository), text or "no reason"
    if status in _FORBIDDEN or any(word in said.lower() for word in _REFUSED):
        return PortError(
            f"{host} refuses the login: {said}; see project.registry-login, or use `docker login`"
        )
    return TemporaryError(f"{host} did not do it: {said}")


def _registry(repository: str) -> str:
    return f"the registry {repository.partition('/')[0]}"
