"""The command that calls a method, on Apache Kafka."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest
from google.protobuf import descriptor_pb2, timestamp_pb2

from grpc_kafka import call
from grpc_kafka.call import __main__ as _  # noqa: F401 - run as a process
from tests.transport.waiting import until_served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.transport.conftest import Lane

type Context = grpc.aio.ServicerContext[bytes, bytes]

_METHOD = "tests.Echo/Call"
_REQUEST = '"2026-01-02T03:04:05Z"'


class Ended(NamedTuple):
    """A command that has ended."""

    code: int | None
    said: str
    complained: str


class Command:
    """The command, on a lane and on a contract whose method may stream answers."""

    def __init__(self, lane: Lane, contract: Path, *, streams: bool = False) -> None:
        self._lane = lane
        self._contract = contract
        timestamp = descriptor_pb2.FileDescriptorProto()
        timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
        file = descriptor_pb2.FileDescriptorProto(
            name="echo.proto", package="tests", dependency=[timestamp.name]
        )
        method = file.service.add(name="Echo").method.add(name="Call", server_streaming=streams)
        method.input_type = method.output_type = ".google.protobuf.Timestamp"
        files = descriptor_pb2.FileDescriptorSet(file=[file, timestamp])
        contract.write_bytes(files.SerializeToString())

    async def run(self, *arguments: str, stdin: bytes = b"") -> Ended:
        endpoint = self._lane.endpoint
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", call.__name__, "--bootstrap", endpoint.bootstrap_servers),
            *("--lane", endpoint.lane, "--application", endpoint.application),
            *("--descriptors", str(self._contract), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        said, complained = await asyncio.wait_for(process.communicate(stdin), 60)
        return Ended(process.returncode, said.decode(), complained.decode())


@pytest.fixture
def command(apache_lane: Lane, tmp_path: Path) -> Command:
    return Command(apache_lane, tmp_path / "contract.binpb")


async def test_json_is_answered_by_json(apache_lane: Lane, command: Command) -> None:
    async def echo(request: bytes, _context: Context) -> bytes:
        return request

    await apache_lane.serve(echo)
    await until_served(apache_lane.method())
    # Brokers that are just up are warned of beside it.
    assert (await command.run(_METHOD, _REQUEST))[:2] == (0, f"{_REQUEST}\n")
    assert (await command.run(_METHOD, "-", stdin=_REQUEST.encode())).said == f"{_REQUEST}\n"


async def test_metadata_goes_along_and_a_status_is_said(
    apache_lane: Lane, command: Command
) -> None:
    async def refuse(_request: bytes, context: Context) -> bytes:
        seen = dict(context.invocation_metadata() or ())
        await context.abort(
            grpc.StatusCode.UNAUTHENTICATED, f"not {seen.get('who')!r}, {seen.get('raw-bin')!r}"
        )

    await apache_lane.serve(refuse)
    await until_served(apache_lane.method())
    raw = base64.b64encode(b"\x00\xff").decode()
    ended = await command.run("-H", "Who: me", "-H", f"raw-bin:{raw}", _METHOD, _REQUEST)
    assert (ended.code, ended.said) == (3, "")
    assert "UNAUTHENTICATED: not 'me', b'\\x00\\xff'\n" in ended.complained


async def test_each_answer_of_a_stream_is_a_line(apache_lane: Lane, tmp_path: Path) -> None:
    async def thrice(request: bytes, _context: Context) -> AsyncIterator[bytes]:
        for _each in range(3):
            yield request

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_stream_rpc_method_handler(thrice)
    await apache_lane.serve_with(handler)
    await until_served(apache_lane.method())
    streaming = Command(apache_lane, tmp_path / "contract.binpb", streams=True)
    assert (await streaming.run(_METHOD, _REQUEST))[:2] == (0, f"{_REQUEST}\n" * 3)


async def test_nobody_serves_is_said_at_once_with_what_to_look_at(command: Command) -> None:
    ended = await command.run(_METHOD, _REQUEST)
    assert (ended.code, ended.said) == (3, "")
    assert "UNAVAILABLE: no process serves" in ended.complained
    assert "does the service run in this lane?" in ended.complained


async def test_what_is_known_is_listed(command: Command) -> None:
    listed = await command.run("--list", "tests")
    timestamp = "google.protobuf.Timestamp"
    assert listed == (0, f"{_METHOD} ({timestamp}) returns ({timestamp})\n", "")
