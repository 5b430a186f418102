"""Pulls that the engine refuses before it has begun."""

from types import SimpleNamespace

import docker
import pytest
import requests
from docker.errors import APIError, NotFound

from bluegreen.engine.images import Images
from bluegreen.errors import PortError, TemporaryError

REPOSITORY = "registry.test/account"
IMAGE = f"registry.test/account@sha256:{'0' * 64}"


def asked(error: APIError) -> docker.DockerClient:
    def inspect_distribution(image: str, auth_config: object) -> object:
        assert (image, auth_config) == (f"{REPOSITORY}:bluegreen-doctor", None)
        raise error

    api = SimpleNamespace(inspect_distribution=inspect_distribution)
    return SimpleNamespace(api=api)  # type: ignore[return-value]  # enough


def answer(status: int) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    return response


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


def test_a_registry_that_knows_nothing_of_a_tag_has_answered() -> None:
    Images(None).ask(asked(NotFound("404", explanation="manifest unknown")), REPOSITORY)


@pytest.mark.parametrize(
    ("status", "said"), [(401, "who are you"), (500, "no basic auth credentials"), (403, "denied")]
)
def test_a_registry_that_refuses_the_login_is_told_from_one_that_is_away(
    status: int, said: str
) -> None:
    error = APIError(str(status), answer(status), said)
    with pytest.raises(PortError, match=f"registry.test refuses .*: {said}; see project.regi"):
        Images(None).ask(asked(error), REPOSITORY)


def test_a_registry_that_is_away_is_left_to_who_asks() -> None:
    error = APIError("500", answer(500), "dial tcp: connection refused")
    with pytest.raises(APIError):
        Images(None).ask(asked(error), REPOSITORY)
