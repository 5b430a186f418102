"""A small HTTP server in the place of account, which remembers what reached it."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

PAGE = b"<p>" + b"a page that is worth to be compressed " * 40 + b"</p>"
_PATIENCE = 30.0  # seconds


@dataclass
class Upstream:
    """The server.

    Attributes:
        address: Its host:port.
        received: Method, path and headers of each request.
        clients: Addresses of the connections they came by.
        failing: Whether it answers 500 to all.
        release: What requests below /waiting wait for.
        events: What streams send, each as soon as it is put here; None ends a stream.
    """

    address: str = ""
    received: list[tuple[str, str, Message]] = field(default_factory=list)
    clients: list[tuple[str, int]] = field(default_factory=list)
    failing: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    events: queue.SimpleQueue[bytes | None] = field(default_factory=queue.SimpleQueue)

    @property
    def port(self) -> str:
        """Where it listens, on whichever address."""
        return self.address.rpartition(":")[2]

    def status(self, path: str) -> HTTPStatus:
        """What a request of a path is answered with."""
        if self.failing:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        return HTTPStatus.NOT_FOUND if path.startswith("/missing") else HTTPStatus.OK


class _Server(ThreadingHTTPServer):
    request_queue_size = 256


@contextmanager
def answering(host: str = "127.0.0.1") -> Iterator[Upstream]:
    """Run the server on an address of loopback."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # an answer is one packet, and waits for no acknowledgement

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            upstream.received.append((self.command, self.path, self.headers))
            upstream.clients.append((self.client_address[0], self.client_address[1]))
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path.partition("?")[0].endswith("/stream"):
                self._stream()
                return
            if self.path.startswith("/waiting"):
                upstream.release.wait(_PATIENCE)
            self.send_response(upstream.status(self.path))
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def _stream(self) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("content-type", "text/event-stream; charset=utf-8")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            while (event := upstream.events.get(timeout=_PATIENCE)) is not None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()

        do_POST = do_GET  # noqa: N815  # the name that the base class calls

    with _Server((host, 0), Handler) as server:
        upstream.address = f"{host}:{server.server_port}"
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield upstream
        finally:
            server.shutdown()
            thread.join()
