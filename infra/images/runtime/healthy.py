"""Asks the service in this container whether it is healthy; the exit code is 0 when it is.

    /app/bin/python -I -S /app/healthy.py [PATH]

The port is TANDEM_HTTP_PORT. What is wrong is written as the service says it. With a path, such as
/metrics, it is asked for that instead.
"""

# Run every few seconds in every container: a client of HTTP would take five times as long to import
# as all of this takes to run.
import os
import socket
import sys

_TIMEOUT_SECONDS = 5
_OK = 200


def main() -> int:
    """Ask once; return the exit code."""
    path = sys.argv[1] if len(sys.argv) > 1 else "/healthz"
    try:
        status, body = ask(int(os.environ["TANDEM_HTTP_PORT"]), path)
    except OSError as error:
        print(error)
        return 1
    print(body)
    return 0 if status == _OK else 1


def ask(port: int, path: str) -> tuple[int, str]:
    """The status and the body of an answer.

    Raises:
        OSError: nobody answers in time, or not by HTTP.
    """
    request = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as answered:
            head, _, body = answered.read().partition(b"\r\n\r\n")
    version, _, status = head[: len(b"HTTP/1.1 200")].partition(b" ")
    if not version.startswith(b"HTTP/") or not status.isdigit():
        raise OSError("what answers does not speak HTTP")
    return int(status), body.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
