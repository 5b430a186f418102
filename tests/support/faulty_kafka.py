"""The embedded broker, when it is to answer some requests by errors.

    with faulty_kafka.running() as broker:
        broker.fail(faulty_kafka.OFFSET_FETCH, KafkaError.NOT_COORDINATOR)

confluent-kafka does not show librdkafka's functions for that, so they are called by `ctypes`, in
the very library that confluent-kafka has loaded.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import confluent_kafka

OFFSET_FETCH = 9
"""Kafka's number of the request for a group's positions."""

# Milliseconds that a member of a group may be silent, as Tandem wants it of every broker.
_SESSION = 3000
_POINTER = ctypes.c_void_p


@dataclass(frozen=True, slots=True)
class FaultyKafka:
    """A broker in this process.

    Attributes:
        bootstrap_servers: its address, `host:port`.
    """

    bootstrap_servers: str
    _library: ctypes.CDLL
    _cluster: int

    def fail(self, request: int, *errors: int) -> None:
        """Answer the next requests of this number by these errors, one each."""
        codes = (ctypes.c_int * len(errors))(*errors)
        push = self._library.rd_kafka_mock_push_request_errors_array
        push.argtypes = [_POINTER, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)]
        push(self._cluster, request, len(errors), codes)

    def advertise(self, port: int) -> None:
        """Tell clients that it is found at this port of 127.0.0.1."""
        put = self._library.rd_kafka_mock_broker_set_host_port
        put.argtypes = [_POINTER, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int]
        put(self._cluster, 1, b"127.0.0.1", port)


@contextmanager
def running() -> Iterator[FaultyKafka]:
    """Start a broker with no data; stop it at the end."""
    library = ctypes.CDLL(str(_library()))
    new = _function(library, "rd_kafka_new", ctypes.c_int, _POINTER, _POINTER, ctypes.c_size_t)
    new_cluster = _function(library, "rd_kafka_mock_cluster_new", _POINTER, ctypes.c_int)
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [_POINTER]
    client = new(0, _quiet(library), None, 0)
    cluster = new_cluster(client, 1)
    lives = library.rd_kafka_mock_set_group_consumer_session_timeout_ms
    lives.argtypes = [_POINTER, ctypes.c_int]
    lives(cluster, _SESSION)
    try:
        address = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
        yield FaultyKafka(address, library, cluster)
    finally:
        _function(library, "rd_kafka_mock_cluster_destroy", _POINTER)(cluster)
        _function(library, "rd_kafka_destroy", _POINTER)(client)


def _library() -> Path:
    beside = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    (found,) = beside.glob("librdkafka*")
    return found


def _quiet(library: ctypes.CDLL) -> int:
    """Settings of a client that says nothing: it has no address, and wants none."""
    settings: int = _function(library, "rd_kafka_conf_new")()
    text = ctypes.c_char_p
    put = _function(library, "rd_kafka_conf_set", _POINTER, text, text, _POINTER, ctypes.c_size_t)
    put(settings, b"log_level", b"0", None, 0)
    return settings


def _function(library: ctypes.CDLL, name: str, *arguments: type) -> ctypes._NamedFuncPointer:
    function = library[name]
    function.restype = _POINTER
    function.argtypes = list(arguments)
    return function
