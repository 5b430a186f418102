"""Records that no client of this transport, or of Python, could have written."""

import asyncio
import ctypes
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_ssize_t, c_void_p

import confluent_kafka
import grpc

from grpc_kafka.protocol import (
    Accept,
    Address,
    Arity,
    Cancel,
    Encoded,
    HalfClose,
    InitialMetadata,
    Message,
    Part,
    Ping,
    Request,
    Response,
    Trailers,
    Window,
    encode_cancel,
    encode_part,
    encode_ping,
    encode_request,
    encode_response,
    encode_stream,
)
from tests.transport.conftest import SERVICE, Lane

_PRODUCER = 0
_END, _TOPIC, _PARTITION, _VALUE, _KEY, _FLAGS, _HEADER = 0, 1, 3, 4, 5, 7, 9
_COPY = 2


async def _echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


async def test_a_header_whose_name_is_no_text_harms_nobody(lane: Lane) -> None:
    made = await lane.serve(_echo)
    channel = lane.channel()
    method = lane.method(channel)
    assert await method(b"before", timeout=20) == b"before"
    for topic in (lane.queue, lane.inbox):
        await asyncio.to_thread(_send_with_header, lane.cluster.bootstrap_servers, topic, b"\xff")
    answers = await asyncio.gather(*[method(b"after", timeout=20) for _ in range(50)])
    assert answers == [b"after"] * 50
    assert made.counters.malformed == 4
    assert made.healthy().ok
    assert channel.healthy().ok


async def test_forged_frames_of_all_kinds_harm_no_honest_call(lane: Lane) -> None:
    made = await lane.serve(_echo)
    channel = lane.channel()
    method = lane.method(channel)
    assert await method(b"before", timeout=20) == b"before"
    forged = asyncio.create_task(asyncio.to_thread(_send_forged, lane))
    honest = 0
    while not forged.done() or honest < 20:
        assert await method(b"%d" % honest, timeout=20) == b"%d" % honest
        honest += 1
    await forged
    answers = await asyncio.gather(*[method(b"after", timeout=20) for _ in range(50)])
    assert answers == [b"after"] * 50
    assert made.healthy().ok
    assert channel.healthy().ok


def _send_forged(lane: Lane) -> None:
    """Write frames that no honest process writes to every partition of the lane's topics."""
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": lane.cluster.bootstrap_servers,
        **lane.cluster.settings,
    }
    producer = confluent_kafka.Producer(settings)
    for topic in (lane.queue, lane.inbox):
        for partition in range(4):
            for record in _forged(lane):
                producer.produce(
                    topic,
                    record.value,
                    record.key,
                    partition,
                    headers=record.headers,  # type: ignore[arg-type]
                )
    assert producer.flush(20) == 0


def _forged(lane: Lane) -> list[Encoded]:
    key, to, path = bytes(16), "0" * 16, f"/{SERVICE}/Call"
    home = Address(lane.inbox, 3, to)
    outside = Address("elsewhere.tests.inbox", 0, to)
    streams = [
        encode_stream(frame)
        for frame in (
            Accept(key, to, 0, outside, 2**63 - 1),
            InitialMetadata(key, to, 2**63 - 1, (("k", "v"),) * 500),
            Message(key, to, 0, b"x", more=True),
            Message(key, to, 0, b"", sizes=(0,) * 1000),
            HalfClose(key, to, 0, 2**63 - 1),
            Window(key, to, 0, 2**63 - 1),
            Window(key, to, 0, 2**63),
            Trailers(key, to, 0, to, 0, "", ()),
        )
    ]
    requests = [
        Request(key, path, outside, None, (), b"x"),
        Request(key, path, home, None, (("k", "v"),) * 500, b"x"),
        Request(bytes([3] * 16), path, home._replace(partition=2**31 - 1), None, (), b"x"),
        Request(key, "no path at all", home, None, (), b"x"),
        Request(key, path, home, None, (), b"x", parts=2**62),
        Request(bytes([1] * 16), path, home, None, (), b"", Arity.STREAM_STREAM),
        Request(bytes([2] * 16), path, home, 0, (), b"x"),
    ]
    response = encode_response(Response(key, to, (), 0, "", (), b"forged"))
    ping = encode_ping(Ping(to.encode(), to, outside))
    stale = [
        Encoded(key, [(":version", version), *response.headers[1:]], b"x")
        for version in (b"0", b"2", b"")
    ]
    rest = [encode_cancel(Cancel(key)), encode_cancel(Cancel(key, to)), response, *[ping] * 500]
    parts = [encode_part(Part(key, to, number, b"x")) for number in (0, 1, 2**62)]
    return [*streams, *map(encode_request, requests), *stale, *rest, *parts]


def _send_with_header(bootstrap_servers: str, topic: str, name: bytes) -> None:
    """Write a record to each of four partitions; confluent-kafka takes names of text only."""
    library = _librdkafka()
    error = ctypes.create_string_buffer(512)
    settings = c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(
        settings, b"bootstrap.servers", bootstrap_servers.encode(), error, c_size_t(512)
    )
    producer = c_void_p(library.rd_kafka_new(c_int(_PRODUCER), settings, error, c_size_t(512)))
    assert producer.value, error.value
    for partition in range(4):
        refused = library.rd_kafka_producev(
            producer,
            *(c_int(_TOPIC), c_char_p(topic.encode())),
            *(c_int(_PARTITION), c_int32(partition)),
            *(c_int(_FLAGS), c_int(_COPY)),
            *(c_int(_KEY), c_char_p(bytes(16)), c_size_t(16)),
            *(c_int(_VALUE), c_char_p(b"x"), c_size_t(1)),
            *(c_int(_HEADER), c_char_p(name), c_char_p(b"x"), c_ssize_t(1)),
            c_int(_END),
        )
        assert refused == 0
    assert library.rd_kafka_flush(producer, c_int(10_000)) == 0
    library.rd_kafka_destroy(producer)


def _librdkafka() -> ctypes.CDLL:
    # The one that confluent-kafka has loaded already.
    extension = ctypes.CDLL(confluent_kafka.cimpl.__file__)
    extension.rd_kafka_conf_new.restype = c_void_p
    extension.rd_kafka_new.restype = c_void_p
    extension.rd_kafka_destroy.restype = None
    return extension
