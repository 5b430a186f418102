"""All that is left to chance, from one seed; each purpose draws from a stream of its own."""

from __future__ import annotations

from random import Random


class Chance:
    """Streams of random numbers.

    They are apart so that, say, one fault more does not change every call's id.

    Attributes:
        ids: call ids and instance ids.
        network: how long things take, and what becomes of records.
        faults: what goes wrong when.
        workload: who calls what.

    """

    def __init__(self, seed: int) -> None:
        root = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        streams = [Random(root.getrandbits(64)) for _ in range(4)]  # noqa: S311
        self.ids, self.network, self.faults, self.workload = streams
