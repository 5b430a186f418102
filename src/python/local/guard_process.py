"""The runner's side of the guard."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

_PATIENCE = 30.0  # seconds; the guard has little left to do at an orderly end


@asynccontextmanager
async def guarded(
    record: Path, log: Path, *, lock: int, env: Mapping[str, str]
) -> AsyncIterator[None]:
    """Have a guard while the context is entered; at the exit it ends what is left, then itself.

    Args:
        record: Where processes are written down.
        log: Takes what the guard has to say, which is nothing in good order.
        lock: The descriptor of the checkout's lock, which the guard holds on to.
        env: The guard's variables; its package must be importable by them.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        guard = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local.guard", str(record)),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=output,
            env=env,
            cwd="/",
            pass_fds=(lock,),
            start_new_session=True,
        )
    try:
        yield
    finally:
        await _dismiss(guard)


async def _dismiss(guard: Process) -> None:
    if guard.stdin is not None:
        guard.stdin.close()
    async with asyncio.timeout(_PATIENCE):
        await guard.wait()
