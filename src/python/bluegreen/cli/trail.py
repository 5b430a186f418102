"""What a command has touched so far, for who interrupts it."""

from bluegreen.store import Record

_BY_STAGE = {
    "preflight": "nothing was touched",
    "build": "nothing was pushed, and the server was not touched",
    "heads": "nothing was pushed, and the server was not touched",
    "push": "the registry may have images of it, and the server was not touched",
    "secrets": "secrets may be on the server; the same command puts the others there",
    "lock": "the lock may be taken away; `lock status` says so",
}
_OTHERWISE = "`bluegreen status` says what is unfinished"


class Trail:
    """Follows the steps of a run, as they are written down."""

    def __init__(self) -> None:
        self._said = "nothing was touched"

    def __str__(self) -> str:
        """What there is to say of it, for people."""
        return self._said

    def follow(self, record: Record) -> None:
        """Take a step into account."""
        stage = record.step.partition(" ")[0]
        if stage != "notify":
            self._said = _BY_STAGE.get(stage, _OTHERWISE)

    def end(self, what: str) -> None:
        """Take into account that all was done."""
        self._said = what
