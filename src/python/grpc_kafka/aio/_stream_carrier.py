"""What a streaming call asks of the connection that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from grpc_kafka.aio._peers import Peers
    from grpc_kafka.aio._stream_call import KafkaStreamCall
    from grpc_kafka.protocol import Address, Arity, Encoded, Metadata


class Carrier(Protocol):
    """Who carries a stream's frames."""

    @property
    def peers(self) -> Peers:
        """Watches over the processes at the other ends."""

    def new_id(self) -> bytes:
        """A call id that nobody can guess."""

    def begin(self, call: KafkaStreamCall, request: StreamRequest) -> None:
        """Send a call's REQUEST."""

    def post(self, address: Address, record: Encoded) -> None:
        """Send a record to a process; a call whose record is refused is told by `finish`."""

    def cancel(self, call_id: bytes, path: str) -> None:
        """Send a CANCEL behind the REQUEST."""

    def let_go(self, address: Address, call_id: bytes) -> None:
        """Send a CANCEL to a process."""

    def forget(self, call_id: bytes) -> None:
        """Hear nothing more for this call."""


class StreamRequest(NamedTuple):
    """What the REQUEST of a stream says; the message is empty where requests stream."""

    arity: Arity
    metadata: Metadata
    message: bytes
    deadline: float | None
    wait_for_ready: bool
