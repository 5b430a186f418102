"""A handler that asks its program to end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conformance.transports import DirectTransport, KafkaTransport, Transport

_PROGRAM = """
import asyncio, sys
from tests.conformance.transports import Arity, {transport}, begin, end_of

{handler}

async def main():
    transport = {transport}()
    await transport.serve({{Arity.UNARY_UNARY: handler}})
    await end_of(begin(transport.channel(), Arity.UNARY_UNARY, timeout=10))

asyncio.run(main())
"""
_HANDLERS = {
    "a coroutine": "async def handler(request, context): sys.exit(3)",
    "a plain function": "def handler(request, context): sys.exit(3)",
}


@pytest.mark.parametrize("handler", _HANDLERS)
@pytest.mark.parametrize("transport", [DirectTransport, KafkaTransport])
def test_the_program_ends_with_the_exit_code_that_a_handler_asks_for(
    transport: type[Transport], handler: str
) -> None:
    program = _PROGRAM.format(transport=transport.__name__, handler=_HANDLERS[handler])
    ended = subprocess.run(  # noqa: S603 - a program of this test
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert ended.returncode == 3, ended.stderr
