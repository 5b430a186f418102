"""A system with more services than this repository has: copies of identity under other names.

with_services(site, 20, shelf) before a release is built makes its lanes have twenty.
"""

import copy
from pathlib import Path

import yaml

from bluegreen.build import rendering
from bluegreen.engine.variables import image_variable
from tests.support.applications import APPLICATIONS
from tests.support.delivery import Delivery
from tests.support.releases import Shelf

_COPIED = "identity"


def with_services(site: Delivery, number: int, shelf: Shelf) -> None:
    """Have the site's next releases consist of so many services.

    Args:
        site: Where they are delivered to.
        number: Of services, those of this repository among them.
        shelf: Makes the images of each release.
    """
    names = [f"copy-{each}" for each in range(1, number - len(APPLICATIONS) + 1)]
    shelf.copies = dict.fromkeys(names, _COPIED)
    site.more_services = tuple(names)
    site.lane_file = "lane.yml"
    lane = yaml.safe_load(rendering.render(site.home / "infra/compose/lane.yml"))
    for name in names:
        service = copy.deepcopy(lane["services"][_COPIED])
        service["image"] = f"${{{image_variable(name)}:?}}"
        lane["services"][name] = service
    Path(site.home / site.lane_file).write_text(yaml.safe_dump(lane, sort_keys=False))
