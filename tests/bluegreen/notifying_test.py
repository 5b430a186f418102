import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

import pytest

from bluegreen.errors import PortError
from bluegreen.notifying import Notifying
from bluegreen.ports import Outcome

OUTCOME = Outcome(
    destination="production",
    operation="deploy",
    version="20260101-000001-000000000001",
    changed=["account"],
    owner="anna@laptop",
    seconds=42.0,
    failure=None,
)
FAILED = Outcome(
    destination="production",
    operation="deploy",
    version="20260101-000001-000000000001",
    changed=["account"],
    owner="anna@laptop",
    seconds=42.0,
    failure="prove green failed: 500",
)
SILENCE = 30.0
"""Seconds until who does not answer would hang up by itself."""


@dataclass
class Chat:
    """Where people listen.

    Attributes:
        port: On loopback.
        heard: What they were sent.
        released: Whether what comes to /slow is answered.
    """

    port: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "hook") -> str:
        return f"json://bot:hunter2@127.0.0.1:{self.port}/{path}"


@pytest.fixture
def chat() -> Iterator[Chat]:
    chat = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/slow"):
                chat.released.wait(SILENCE)
                return
            if self.path.endswith("/hook"):
                chat.heard.append(json.loads(content))
            self.send_response(200 if self.path.endswith("/hook") else 403)
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        chat.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield chat
        finally:
            chat.released.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("outcome", "kind", "title", "last"),
    [
        (OUTCOME, "success", "production: deploy succeeded", "By anna@laptop, in 42.0 s"),
        (FAILED, "failure", "production: deploy FAILED", "prove green failed: 500"),
    ],
)
def test_people_hear_of_success_and_failure_alike(
    chat: Chat, outcome: Outcome, kind: str, title: str, last: str
) -> None:
    Notifying([chat.url()]).notify(outcome)
    assert [(each["type"], each["title"]) for each in chat.heard] == [(kind, title)]
    lines = chat.heard[0]["message"].splitlines()
    assert lines[0] == "Version: 20260101-000001-000000000001"
    assert lines[-1] == last


def test_who_can_be_told_is_told_and_who_cannot_is_named_without_a_url(
    chat: Chat, capfd: pytest.CaptureFixture[str]
) -> None:
    nobody = "json://bot:hunter2@127.0.0.1:1/hook"
    with pytest.raises(PortError) as missed:
        Notifying([chat.url("forbidden"), chat.url(), nobody]).notify(OUTCOME)
    assert len(chat.heard) == 1
    assert str(missed.value).startswith("notify[0], notify[2] could not be told")
    said = capfd.readouterr()
    for text in (str(missed.value), said.out, said.err):
        assert "hunter2" not in text
        assert "127.0.0.1" not in text


def test_who_does_not_answer_holds_nobody_up(chat: Chat) -> None:
    began = time.monotonic()
    with pytest.raises(PortError, match=r"notify\[0\] could not be told within 3 s"):
        Notifying([chat.url("slow"), chat.url()], timeout=3).notify(OUTCOME)
    assert time.monotonic() - began < SILENCE / 2
    assert len(chat.heard) == 1
