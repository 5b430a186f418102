"""The command for dead letters, on Apache Kafka."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Producer
from google.protobuf import descriptor_pb2, timestamp_pb2

from grpc_kafka import Endpoint, dead_letters
from grpc_kafka.dead_letters import __main__ as _  # noqa: F401 - run as a process
from grpc_kafka.protocol import (
    Address,
    Death,
    Encoded,
    Part,
    Request,
    encode_part,
    encode_request,
    letter_of,
)
from tests.transport.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import grpc

    from tests.transport.conftest import Lane

_DEATH = Death("it brought its server down", "queue/0/7", 1_700_000_000)


class Ended(NamedTuple):
    """A command that has ended."""

    code: int | None
    said: str
    complained: str


async def _run(lane: Lane, action: str, *arguments: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", dead_letters.__name__),
        *("--bootstrap", lane.endpoint.bootstrap_servers, action, lane.queue, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    said, complained = await asyncio.wait_for(process.communicate(), 60)
    return Ended(process.returncode, said.decode(), complained.decode())


def _call(lane: Lane, number: int, message: bytes) -> Request:
    home = Address(lane.inbox, 0, "nobody")
    metadata = (("idempotency-key", f"effect {number}"),)
    path = "/tests.Echo/Call"
    return Request(number.to_bytes(16), path, home, time.time() - 100, metadata, message)


def _bury(lane: Lane, *records: Encoded) -> None:
    producer = Producer({"bootstrap.servers": lane.endpoint.bootstrap_servers})
    for record in records:
        key, headers, value = letter_of(*record, _DEATH)
        producer.produce(lane.letters, value, key, 0, headers=headers)  # type: ignore[arg-type]
    assert producer.flush(10) == 0


async def test_letters_are_listed_shown_replayed_and_dropped_one_by_one(
    apache_lane: Lane,
) -> None:
    calls = [_call(apache_lane, number, b"request %d" % number) for number in range(4)]
    _bury(apache_lane, *map(encode_request, calls))
    listed = await _run(apache_lane, "list")
    assert listed.code == 0, listed.complained
    fields = [line.split("\t") for line in listed.said.splitlines()]
    assert [each[:5] for each in fields] == [
        ["0", str(number), "2023-11-14T22:13:20Z", "/tests.Echo/Call", "it brought its server down"]
        for number in range(4)
    ]
    shown = await _run(apache_lane, "show", "--partition", "0", "--offset", "2")
    assert "idempotency-key: effect 2" in shown.said
    assert b"request 2".hex(" ") in shown.said

    seen: list[tuple[bytes, object, float | None]] = []

    async def echo(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        metadata = dict(context.invocation_metadata() or ())
        seen.append((request, metadata.get("idempotency-key"), context.time_remaining()))
        return request

    await apache_lane.serve(echo)
    place = ("--partition", "0", "--offset")
    replayed = await _run(apache_lane, "replay", *place, "2")
    assert replayed == (0, "replayed partition 0, offset 2 /tests.Echo/Call\n", "")
    # In another partition the next one might overtake it.
    await until(lambda: seen, 30)
    replayed = await _run(apache_lane, "replay", *place, "1", "--timeout", "50")
    assert replayed.code == 0, replayed.complained
    dropped = await _run(apache_lane, "drop", *place, "3")
    assert dropped == (0, "dropped partition 0, offset 3 /tests.Echo/Call\n", "")
    await until(lambda: len(seen) > 1, 30)
    assert [each[:2] for each in seen] == [(b"request 2", "effect 2"), (b"request 1", "effect 1")]
    assert seen[0][2] is None
    assert 0 < (seen[1][2] or 0) <= 50

    left = await _run(apache_lane, "list")
    assert [line.split("\t")[1] for line in left.said.splitlines()] == ["0"]
    again = await _run(apache_lane, "replay", *place, "2")
    assert again.code == 3
    assert "no dead letter at partition 0, offset 2" in again.complained
    assert (await _run(apache_lane, "drop", "--all")).code == 0
    assert await _run(apache_lane, "list") == (0, "", f"{apache_lane.queue} has no dead letters\n")


async def test_a_request_in_parts_is_replayed_whole(apache_lane: Lane) -> None:
    whole = _call(apache_lane, 1, b"end")._replace(parts=2)
    parts = [Part(whole.call_id, "me", number, b"%d" % number) for number in range(2)]
    _bury(apache_lane, *map(encode_part, parts), encode_request(whole))
    seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        seen.set_result(request)
        return request

    await apache_lane.serve(echo)
    replayed = await _run(apache_lane, "replay", "--all")
    assert replayed.said == "replayed partition 0, offset 2 /tests.Echo/Call\n"
    assert await asyncio.wait_for(seen, 20) == b"01end"


async def test_a_request_is_shown_as_its_contract_has_it(apache_lane: Lane, tmp_path: Path) -> None:
    timestamp = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
    contract = descriptor_pb2.FileDescriptorProto(
        name="echo.proto", package="tests", dependency=[timestamp.name]
    )
    method = contract.service.add(name="Echo").method.add(name="Call")
    method.input_type = method.output_type = ".google.protobuf.Timestamp"
    contracts = tmp_path / "contracts.binpb"
    files = descriptor_pb2.FileDescriptorSet(file=[contract, timestamp])
    contracts.write_bytes(files.SerializeToString())
    message = timestamp_pb2.Timestamp(seconds=1234).SerializeToString()
    _bury(apache_lane, encode_request(_call(apache_lane, 1, message)))
    shown = await _run(apache_lane, "show", "--descriptors", str(contracts))
    assert "seconds: 1234" in shown.said


async def test_a_queue_without_a_topic_for_them_is_an_error(apache_lane: Lane) -> None:
    apache_lane.endpoint = Endpoint(apache_lane.endpoint.bootstrap_servers, "nolane", "tests")
    ended = await _run(apache_lane, "list")
    assert ended == (1, "", "topic nolane.tests.Echo.dead-letter does not exist\n")
