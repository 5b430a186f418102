"""What would be run, step by step, as it is told."""

from bluegreen.store import Event, Record


class Script:
    """Lines in order; what is in parentheses has no command of its own."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def taken(self) -> list[str]:
        """The lines since the last time."""
        taken, self._lines = self._lines, []
        return taken

    def tell(self, line: str) -> None:
        """Add a line; one with a note, such as until when it is asked, stands for all its like."""
        if not line.endswith(")") or self._lines[-1:] != [line]:
            self._lines.append(line)

    def record(self, record: Record) -> None:
        """Hear from the journal what became of a step."""
        if record.event is Event.SKIPPED:
            self.tell("(it is so: nothing is run)")
        elif record.event is Event.FAILED:
            self.tell(f"(it would fail: {record.detail})")
