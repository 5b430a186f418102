"""Garbage, in every measured process alike."""

from __future__ import annotations

import gc

_OBJECTS = 50_000


def look_seldom() -> None:
    """Look for garbage as seldom as a service of Tandem does (`chassis._garbage`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
