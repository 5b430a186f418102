"""How servers are asked whether they are ready; each question has a deadline."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from local.program import NotReadyError

_HOST = "127.0.0.1"
_PATIENCE = 3.0  # seconds; more than a service's own probes take
_ANSWER_LIMIT = 65_536  # bytes
_POSTMASTER_STATUS = 7  # the line of postmaster.pid that says "ready"


@dataclass(frozen=True)
class HttpProbe:
    """Ready when a GET is answered with status 200."""

    port: int
    path: str

    async def check(self) -> None:
        """Ask once.

        Raises:
            NotReadyError: with what the server answered.
        """
        status, body = await _get(self.port, self.path)
        if status != HTTPStatus.OK:
            raise NotReadyError(f"answers {status}: {body.strip()[:300]}")


@dataclass(frozen=True)
class TcpProbe:
    """Ready when connections are taken."""

    port: int

    async def check(self) -> None:
        """Connect once.

        Raises:
            NotReadyError: nobody listens.
        """
        _reader, writer = await _connect(self.port)
        writer.close()


@dataclass(frozen=True)
class PostmasterProbe:
    """Ready when PostgreSQL says so in its own file, and takes connections."""

    data: Path
    port: int

    async def check(self) -> None:
        """Look once.

        Raises:
            NotReadyError: it is not ready yet, or no more.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError as error:
            raise NotReadyError("does not run") from error
        status = (
            lines[_POSTMASTER_STATUS].strip() if len(lines) > _POSTMASTER_STATUS else "starting"
        )
        if status != "ready":
            raise NotReadyError(f"is {status}")
        await TcpProbe(self.port).check()


async def _get(port: int, path: str) -> tuple[int, str]:
    request = f"GET {path} HTTP/1.1\r\nHost: {_HOST}:{port}\r\nConnection: close\r\n\r\n"
    reader, writer = await _connect(port)
    try:
        async with asyncio.timeout(_PATIENCE):
            writer.write(request.encode())
            await writer.drain()
            answer = await reader.read(_ANSWER_LIMIT)
            while chunk := await reader.read(_ANSWER_LIMIT):
                answer = (answer + chunk)[:_ANSWER_LIMIT]
    except TimeoutError:
        raise NotReadyError(f"no answer within {_PATIENCE:g} s") from None
    except OSError as error:
        raise NotReadyError(f"broke the connection: {error}") from error
    finally:
        writer.close()
    return _status(answer)


def _status(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004  # "HTTP/1.1 200"
        raise NotReadyError("answers something that is not HTTP")
    return int(words[1]), body.decode(errors="replace")


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.open_connection(_HOST, port)
    except (OSError, TimeoutError) as error:
        raise NotReadyError(f"nobody answers on port {port}") from error
