"""What a command reaches beyond its own process; tests give it others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bluegreen.build import rendering
from bluegreen.build.building import Render
from bluegreen.build.images import DockerImages, Images
from bluegreen.journal import Listener
from bluegreen.notifying import Notifying
from bluegreen.ports import Notifier
from bluegreen.rehearsal import rehearsing
from bluegreen.site import Site, Told, opened
from bluegreen.step import Step

type Login = tuple[str, str]
"""A user of the registry, and the password."""

type Rehearse = Callable[[Site, str, Sequence[Step], Mapping[str, str]], Iterable[list[str]]]

type RehearseAlone = Callable[[Site, Callable[[Site, Listener], object]], list[str]]


@dataclass(frozen=True)
class Outside:
    """It.

    Attributes:
        site: Reaches a destination, until the context ends.
        images: The images of this machine, and the registry that lets in who is named.
        notifier: Tells people, by their URLs.
        render: Makes a Compose file stand alone.
        rehearse: Says what the steps of a plan would run.
        rehearse_alone: The same for what is done without a plan.
    """

    site: Callable[[Told], AbstractContextManager[Site]] = opened
    images: Callable[[Login | None, Mapping[str, str]], Images] = DockerImages
    notifier: Callable[[Sequence[str]], Notifier] = Notifying
    render: Render = rendering.render
    rehearse: Rehearse = rehearsing.rehearse
    rehearse_alone: RehearseAlone = rehearsing.rehearse_alone
