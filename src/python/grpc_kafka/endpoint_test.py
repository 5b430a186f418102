import pytest

from grpc_kafka import Endpoint


@pytest.mark.parametrize("name", ["", "a b", "a/b", ".a", "a..b", "ключ"])
def test_names_that_cannot_be_part_of_a_topic_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="lane"):
        Endpoint("host:1", name, "account")
    with pytest.raises(ValueError, match="application"):
        Endpoint("host:1", "blue", name)


def test_a_lane_within_a_lane_is_refused() -> None:
    with pytest.raises(ValueError, match="lane"):
        Endpoint("host:1", "blue.x", "account")


def test_an_endpoint_does_not_show_its_settings() -> None:
    endpoint = Endpoint("host:1", "blue", "account", {"sasl.password": "hunter2"})
    assert "hunter2" not in repr(endpoint)
