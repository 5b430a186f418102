"""What a process says when its edges cannot be opened."""

from contextlib import AsyncExitStack

import grpc
import pytest

from chassis import Process, Settings, StartError


def settings(kafka_options: str = "{}") -> Settings:
    return Settings.model_validate(
        {
            "kafka_bootstrap_servers": "127.0.0.1:9",
            "kafka_options": kafka_options,
            "http_port": 0,
        }
    )


async def test_the_server_is_told_how_many_calls_it_may_work_on_at_once() -> None:
    async with AsyncExitStack() as stack:
        process = Process("greeter", settings(), stack)
        with pytest.raises(ValueError, match="maximum_concurrent_rpcs is positive, not 0"):
            process.server(maximum_concurrent_rpcs=0)


async def test_who_wants_to_know_is_told_each_time_that_the_process_drains() -> None:
    told: list[str] = []
    async with AsyncExitStack() as stack:
        process = Process("greeter", settings(), stack)
        process.drain()
        process.when_draining(lambda: told.append("first"))
        process.when_draining(lambda: told.append("second"))
        assert told == []
        process.drain()
        process.drain()
    assert told == ["first", "second"] * 2


async def test_a_wrong_option_of_the_broker_s_client_is_named() -> None:
    async with AsyncExitStack() as stack:
        process = Process("greeter", settings('{"no.such.option": "1"}'), stack)
        handlers = grpc.method_handlers_generic_handler("tandem.test.Greeter", {})
        process.server().add_generic_rpc_handlers([handlers])
        with pytest.raises(StartError) as told:
            await process.open()
    assert '"no.such.option"' in str(told.value)
    assert "check TANDEM_KAFKA_OPTIONS" in str(told.value)
