"""How often the interpreter looks for objects that only refer to each other."""

import gc

OBJECTS = 50_000
"""Objects that may be made, and not yet gone, until the youngest are looked through.

By default it is after 2,000, which some hundred calls under way are made of: they would be looked
through again and again, and are no garbage (docs/performance.md).
"""


def look_seldom() -> None:
    """To be called when a process has all that it needs to serve.

    What is there by then stays to the end, so it is not looked through again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
