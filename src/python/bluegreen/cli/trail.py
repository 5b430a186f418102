"""What a command has touched so far, for who interrupts it."""

from bluegreen.store import Record

_TOUCH_NOTHING = frozenset({"preflight", "build", "heads", "notify"})
_BY_STAGE = {
    "folder": "the deployer's folder may be on the server",
    "secrets": "secrets may be on the server, and the same command puts the others there",
    "push": "the registry may have images of it",
    "lock": "the lock may be taken away, which `lock status` says",
}
_OTHERWISE = "`bluegreen status` says what is unfinished"


class Trail:
    """Follows the steps of a run, as they are written down."""

    def __init__(self) -> None:
        self._said: list[str] = []

    def __str__(self) -> str:
        """What there is to say of it, for people."""
        return "; ".join(self._said) or "nothing was touched"

    def follow(self, record: Record) -> None:
        """Take a step into account."""
        stage = record.step.partition(" ")[0]
        said = _BY_STAGE.get(stage, _OTHERWISE)
        if stage not in _TOUCH_NOTHING and said not in self._said:
            self._said.append(said)

    def end(self, what: str) -> None:
        """Take into account that all was done."""
        self._said = [what]
