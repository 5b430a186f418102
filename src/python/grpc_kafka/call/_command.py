"""The command: what it is told, and what it does."""

from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc

from grpc_kafka._commands import SettingsError, add_brokers, end, say, seconds, settings_of
from grpc_kafka._contracts import ContractsError, methods_in, pool_of
from grpc_kafka._endpoint import Endpoint
from grpc_kafka._errors import BrokerError
from grpc_kafka.aio import channel
from grpc_kafka.call._method import Method, signature_of
from grpc_kafka.protocol import InvalidMetadataError

_EPILOG = """\
examples:
  python -m grpc_kafka.call --list tandem
  python -m grpc_kafka.call --bootstrap localhost:9092 --lane blue --application account \\
      tandem.identity.v1.Identity/SignOut '{"sessionSecret": "c2VjcmV0"}'
  python -m grpc_kafka.call --bootstrap kafka:9093 --options-file me.properties --lane blue \\
      --application account -H 'idempotency-key: 4711' shop.v1.Store/Buy - < request.json

The request is JSON; - reads it from standard input, where no list of processes shows it. Answers
are JSON, one a line. They come to the inbox of the application, which must have one in the lane,
and whose rights the user must have.

exit codes: 0 answered; 1 the brokers or a file did not give what was asked for; 2 the arguments,
the request or a file are not understood; 3 the call ended by another status than OK; 130
interrupted.
"""
_ENDED = 3
_ADVICE = {
    grpc.StatusCode.UNAVAILABLE: "does the service run in this lane? do the brokers?",
    grpc.StatusCode.DEADLINE_EXCEEDED: "does the service run in this lane? --timeout gives more",
    grpc.StatusCode.PERMISSION_DENIED: "the brokers' or the service's rights: docs/security.md",
    grpc.StatusCode.UNIMPLEMENTED: "is there a queue, as python -m grpc_kafka.topics makes it, and"
    " is the service's contract as new as this one?",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; gives the exit code."""
    told = _parse(arguments)
    try:
        if told.list is not None:
            return _list(told)
        method = Method(pool_of(told.descriptors, told.method), told.method)
        request = method.encoded(sys.stdin.read() if told.request == "-" else told.request)
        endpoint = Endpoint(told.bootstrap, told.lane, told.application, settings_of(told))
    except (ContractsError, SettingsError, ValueError) as error:
        return end(2, str(error))
    try:
        asyncio.run(_call(endpoint, method, request, told))
    except grpc.aio.AioRpcError as error:
        return _say_status(error)
    except InvalidMetadataError as error:
        return end(2, str(error))
    except (BrokerError, ContractsError) as error:
        return end(1, str(error))
    return 0


async def _call(
    endpoint: Endpoint, method: Method, request: bytes, told: argparse.Namespace
) -> None:
    async with channel(endpoint) as opened:
        if method.streams:
            stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
            stream = opened.unary_stream(method.path)
            call = stream(
                request, timeout=told.timeout, metadata=told.header, wait_for_ready=told.wait
            )
            async for answer in call:
                say(method.decoded(answer))
            return
        unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = opened.unary_unary(method.path)
        say(
            method.decoded(
                await unary(
                    request, timeout=told.timeout, metadata=told.header, wait_for_ready=told.wait
                )
            )
        )


def _list(told: argparse.Namespace) -> int:
    found = methods_in(told.descriptors, told.list)
    if not found:
        return end(
            2, f"no service of {told.list} is known: --descriptors names a file with contracts"
        )
    for method in found:
        say(signature_of(method))
    return 0


def _say_status(error: grpc.aio.AioRpcError) -> int:
    advice = _ADVICE.get(error.code())
    said = f"{error.code().name}: {error.details()}"
    sys.stderr.write(f"{said}\n{advice}\n" if advice else f"{said}\n")
    return _ENDED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m grpc_kafka.call",
        description="Calls a method over Kafka, with JSON in and JSON out.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("method", nargs="?", metavar="METHOD", help="<fully.qualified.Service>/<Method>")
    add("request", nargs="?", default="{}", metavar="REQUEST", help="JSON, or -; {} by default")
    add_brokers(parser, required=False)
    add("--lane", help="whose services are called")
    add("--application", metavar="NAME", help="in whose name, and to whose inbox answers come")
    add(
        *("--header", "-H"),
        action="append",
        default=[],
        type=_header,
        metavar="'NAME: VALUE'",
        help="metadata, that of names in -bin in base64; may be repeated",
    )
    add("--timeout", type=seconds, default=10.0, metavar="SECONDS", help="10 by default")
    add("--wait", action="store_true", help="wait for a service that does not run, till timeout")
    add("--descriptors", type=Path, metavar="FILE", help="contracts, a FileDescriptorSet")
    add("--list", metavar="PACKAGE", help="only say which methods are known, such as of tandem")
    told = parser.parse_args(arguments)
    needed = {"METHOD": told.method} | {
        f"--{name}": getattr(told, name) for name in ("bootstrap", "lane", "application")
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing and told.list is None:
        parser.error(f"a call needs {', '.join(missing)}")
    return told


def _header(text: str) -> tuple[str, str | bytes]:
    name, separator, value = text.partition(":")
    name, value = name.strip().lower(), value.strip()
    if not name or not separator:
        # What it is instead may be a token.
        raise argparse.ArgumentTypeError("metadata is NAME: VALUE")
    if not name.endswith("-bin"):
        return name, value
    try:
        return name, base64.b64decode(value, validate=True)
    except binascii.Error:
        raise argparse.ArgumentTypeError(f"the value of {name} is no base64") from None
