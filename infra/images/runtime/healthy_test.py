import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.images.runtime.healthy import main


@contextmanager
def answering(answer: bytes) -> Iterator[list[bytes]]:
    """A port that gives everybody an answer; what was asked there."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TANDEM_HTTP_PORT", str(listener.getsockname()[1]))
            yield asked
        thread.join()


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nserver: x\r\n\r\nfine", 0, "fine\n"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n\xe2\x80\xa6 kafka", 1, "… kafka\n"),
        (b"SSH-2.0-OpenSSH\r\n", 1, "what answers does not speak HTTP\n"),
        (b"", 1, "what answers does not speak HTTP\n"),
    ],
)
def test_the_exit_code_says_what_the_service_says(
    answer: bytes,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["healthy.py"])
    with answering(answer) as asked:
        assert main() == code
    assert capsys.readouterr().out == said
    assert asked[0].startswith(b"GET /healthz HTTP/1.0\r\n")


def test_another_path_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["healthy.py", "/metrics"])
    with answering(b"HTTP/1.1 200 OK\r\n\r\nup 1") as asked:
        assert main() == 0
    assert asked[0].startswith(b"GET /metrics ")


def test_a_service_that_does_not_listen_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("TANDEM_HTTP_PORT", str(port))
    monkeypatch.setattr("sys.argv", ["healthy.py"])
    assert main() == 1
    assert "refused" in capsys.readouterr().out
