"""Pulls that the engine refuses before it has begun."""

from types import SimpleNamespace

import docker
import pytest
from docker.errors import APIError, NotFound

from bluegreen.engine.images import Images
from bluegreen.errors import PortError, TemporaryError

IMAGE = f"registry.test/account@sha256:{'0' * 64}"


def client(error: APIError) -> docker.DockerClient:
    def pull(*_: object, **__: object) -> object:
        raise error

    return SimpleNamespace(api=SimpleNamespace(pull=pull))  # type: ignore[return-value]  # enough


def test_an_image_that_the_registry_has_not_is_named_and_not_asked_for_again() -> None:
    missing = NotFound("404", explanation="manifest unknown")
    with pytest.raises(PortError, match=r"test/account cannot be pulled: manifest unknown") as said:
        Images(None).pull(client(missing), IMAGE)
    assert not isinstance(said.value, TemporaryError)


def test_a_registry_that_does_not_answer_may_be_asked_again() -> None:
    away = APIError("500", explanation="dial tcp: connection refused")
    with pytest.raises(TemporaryError, match="account cannot be pulled: dial tcp"):
        Images(None).pull(client(away), IMAGE)
