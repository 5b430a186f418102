"""The channel arguments that mean something over Kafka; all others are accepted and ignored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

type Options = Sequence[tuple[str, object]]
"""Channel arguments as `grpc.aio` takes them."""

_RECEIVE = "grpc.max_receive_message_length"
_SEND = "grpc.max_send_message_length"
_RECEIVE_DEFAULT = 4 * 1024 * 1024


class Limits(NamedTuple):
    """How large a message may be, in bytes; None means no limit but that of a record."""

    receive: int | None
    send: int | None


def limits_of(options: Options | None) -> Limits:
    """The limits that the options ask for, gRPC's defaults where they do not.

    Raises:
        ValueError: a limit that is no integer.
    """
    given = dict(options or ())
    return Limits(
        receive=_limit(_RECEIVE, given.get(_RECEIVE, _RECEIVE_DEFAULT)),
        send=_limit(_SEND, given.get(_SEND, -1)),
    )


def _limit(name: str, value: object) -> int | None:
    if not isinstance(value, int):
        raise ValueError(f"option {name} is a number of bytes, or -1 for no limit, not {value!r}")  # noqa: TRY004
    return None if value < 0 else value
