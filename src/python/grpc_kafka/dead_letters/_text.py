"""Letters as text. What came by the wire is not trusted: a terminal gets printable characters."""

from __future__ import annotations

import time

from grpc_kafka.dead_letters._letters import Stored
from grpc_kafka.protocol import original_of

_WIDTH = 16


def line_of(letter: Stored) -> str:
    """A letter in a line: partition, offset, time, method, reason and key, separated by tabs."""
    partition, offset = letter.place
    key = (letter.record.key or b"").hex() or "-"
    at = time_of(letter.death.at)
    fields = [str(partition), str(offset), at, letter.method or "-", letter.death.reason, key]
    return "\t".join(printable(each) for each in fields)


def description_of(letter: Stored, decoded: str | None) -> str:
    """All of a letter, with its request decoded or in hexadecimal digits."""
    partition, offset = letter.place
    lines = [
        f"partition {partition}, offset {offset}",
        f"  set aside  {time_of(letter.death.at)}",
        f"  reason     {printable(letter.death.reason)}",
        f"  was at     {printable(letter.death.source)}",
        f"  key        {(letter.record.key or b'').hex() or '-'}",
        "  headers",
        *(f"    {_header(*each)}" for each in original_of(letter.record.headers)),
        f"  value      {len(letter.message)} bytes",
        *(f"    {each}" for each in _value(letter.message, decoded)),
    ]
    return "\n".join(lines)


def time_of(seconds: float) -> str:
    """A time as ISO 8601 has it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def printable(text: str) -> str:
    """The text, with all that a terminal might obey written out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _header(name: str, raw: bytes | None) -> str:
    if raw is None:
        said = "(no value)"
    elif name.endswith("-bin"):
        said = raw.hex()
    else:
        said = printable(raw.decode("utf-8", "backslashreplace"))
    return f"{printable(name)}: {said}"


def _value(message: bytes, decoded: str | None) -> list[str]:
    if decoded is not None:
        return [printable(line) for line in decoded.splitlines()] or ["(all fields are empty)"]
    places = range(0, len(message), _WIDTH)
    return [message[place : place + _WIDTH].hex(" ") for place in places]
