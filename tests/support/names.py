"""A name server on loopback that answers what a test tells it.

with names.serving() as names:
    names.addresses["blue-account"] = ("127.0.0.2",)
    resolver = names.address
"""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import override

_HEADER = 12  # bytes
_ANSWER = 0x8180  # a response, recursion asked for and had
_NAME_ERROR = 3
_TO_THE_QUESTION = 0xC000 | _HEADER  # the name is the one that was asked for
_A, _IN = 1, 1
_SECONDS = 600
"""How long an answer holds: as long as that of Docker's name server."""


@dataclass
class Names:
    """The server.

    Attributes:
        address: Its host:port.
        addresses: IPv4 addresses of each name; a name that is missing does not exist.
        asked: Names in the order of their requests.
    """

    address: str = ""
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: bytes) -> bytes:
        """The response to a request with one question for an address."""
        name, end = _question(request)
        self.asked.append(name)
        found = self.addresses.get(name)
        code = _ANSWER if found is not None else _ANSWER | _NAME_ERROR
        records = [
            struct.pack("!HHHIH", _TO_THE_QUESTION, _A, _IN, _SECONDS, 4) + IPv4Address(each).packed
            for each in found or ()
        ]
        head = request[:2] + struct.pack("!HHHHH", code, 1, len(records), 0, 0)
        return head + request[_HEADER:end] + b"".join(records)


def _question(request: bytes) -> tuple[str, int]:
    """The name that is asked for, and where the question ends."""
    labels, at = [], _HEADER
    while length := request[at]:
        labels.append(request[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), at + 1 + 4


@contextmanager
def serving() -> Iterator[Names]:
    """Run the server."""
    names = Names()

    class Handler(socketserver.DatagramRequestHandler):
        @override
        def handle(self) -> None:
            self.wfile.write(names.answer(self.rfile.read()))

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        names.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield names
        finally:
            server.shutdown()
            thread.join()
