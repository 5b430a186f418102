"""Releases delivered to a real server: by SSH, from a real registry, under load."""

from tests.support.delivery import Delivery


def test_a_first_release_serves_from_blue(site: Delivery) -> None:
    assert site.state.live == "blue"
    assert site.run("status").returncode == 0
