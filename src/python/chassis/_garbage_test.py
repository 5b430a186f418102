"""Garbage in a process that serves: found late, but found."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from chassis import _garbage


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def seldom() -> Iterator[None]:
    threshold = gc.get_threshold()
    _garbage.look_seldom()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("seldom")
def test_what_was_there_at_the_start_is_not_looked_through_again() -> None:
    assert gc.get_freeze_count() > 0


@pytest.mark.usefixtures("seldom")
def test_garbage_is_found_after_so_many_objects_and_not_sooner() -> None:
    gone = weakref.ref(Knot())
    assert gone() is not None
    kept: list[list[None]] = [[] for _ in range(_garbage.OBJECTS // 2)]
    assert gone() is not None
    kept += [[] for _ in range(_garbage.OBJECTS)]
    assert gone() is None
    assert len(kept) > _garbage.OBJECTS
