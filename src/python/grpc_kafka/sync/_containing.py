"""Errors of the application's code as they may reach the loop that carries all calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def containing() -> Iterator[None]:
    """Have `sys.exit()` end one call, as any error does.

    It would end a thread of the application and nothing else. On its way through the loop it would
    end that as well, and with it every call of the channel or the server.

    Raises:
        RuntimeError: in its place.
    """
    try:
        yield
    except (SystemExit, KeyboardInterrupt) as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
