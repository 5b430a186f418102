"""What a process says when its edges cannot be opened."""

from contextlib import AsyncExitStack

import grpc
import pytest

from chassis import Process, Settings, StartError


async def test_a_wrong_option_of_the_broker_s_client_is_named() -> None:
    settings = Settings.model_validate(
        {
            "kafka_bootstrap_servers": "127.0.0.1:9",
            "kafka_options": '{"no.such.option": "1"}',
            "http_port": 0,
        }
    )
    async with AsyncExitStack() as stack:
        process = Process("greeter", settings, stack)
        handlers = grpc.method_handlers_generic_handler("tandem.test.Greeter", {})
        process.server().add_generic_rpc_handlers([handlers])
        with pytest.raises(StartError) as told:
            await process.open()
    assert '"no.such.option"' in str(told.value)
    assert "check TANDEM_KAFKA_OPTIONS" in str(told.value)
