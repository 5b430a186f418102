"""The wish that the system end: Ctrl-C, a signal, a closed terminal."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# One Ctrl-C may come twice: from the terminal, and from the program that started this one.
_SAME_WISH = 0.5  # seconds


class StopRequest:
    """Set by the first signal; a second one, a moment later, means hurry.

    Attributes:
        asked: Set by the first signal.
        hurried: Whether there was a second.
        on_hurry: Called at the second.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = False
        self.on_hurry: Callable[[], None] = lambda: None
        self._at = 0.0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while the context is entered."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.ask)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def ask(self) -> None:
        """Wish the end."""
        now = asyncio.get_running_loop().time()
        if not self.asked.is_set():
            self._at = now
            self.asked.set()
        elif now - self._at > _SAME_WISH:
            self.hurried = True
            self.on_hurry()
