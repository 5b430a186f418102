"""What Compose files on a server are told."""

from bluegreen.engine.variables import Variables
from bluegreen.lane import Lane
from bluegreen.testing import release

VARIABLES = Variables("shop", "/srv/shop", "https://shop.example.com", {"TANDEM_PORT": "8080"})


def test_a_file_of_variables_names_every_image_by_its_digest() -> None:
    told = VARIABLES.render(release(1), Lane.GREEN).splitlines()
    assert f"TANDEM_IMAGE_KAFKA_TOOLS='{release(1).images['kafka-tools']}'" in told
    assert "TANDEM_PROJECT='shop'" in told
    assert "TANDEM_SECRETS='/srv/shop/secrets'" in told
    assert "TANDEM_PORT='8080'" in told
    assert told[-1] == "TANDEM_LANE='green'"


def test_what_is_of_no_lane_names_none() -> None:
    assert "TANDEM_LANE" not in VARIABLES.render(release(1))


def test_nothing_in_a_value_is_replaced() -> None:
    odd = Variables("shop", "/srv/shop", "https://x", {"TANDEM_MOTTO": 'no $HOME, no "quotes"'})
    assert "TANDEM_MOTTO='no $HOME, no \"quotes\"'" in odd.render(release(1)).splitlines()
