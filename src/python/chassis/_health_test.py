"""Health: a part that is ill makes the process ill, and says why."""

import asyncio

import pytest

from chassis import Health, _health


async def _works() -> None:
    pass


async def _is_ill() -> None:
    raise ConnectionError("no broker answers")


async def _hangs() -> None:
    await asyncio.Event().wait()


async def test_all_parts_working_is_ok() -> None:
    health = Health()
    health.add("kafka", _works)
    report = await health.check()
    assert report.ok
    assert report.checks == {"kafka": "ok"}


async def test_an_ill_part_is_named_with_its_reason() -> None:
    health = Health()
    health.add("kafka", _is_ill)
    health.add("postgres", _works)
    report = await health.check()
    assert not report.ok
    assert report.checks == {"kafka": "ConnectionError: no broker answers", "postgres": "ok"}


async def test_a_part_that_hangs_is_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_health, "PROBE_TIMEOUT", 0.01)
    health = Health()
    health.add("postgres", _hangs)
    report = await health.check()
    assert report.checks == {"postgres": "no answer within 0.01 s"}


def test_two_parts_cannot_share_a_name() -> None:
    health = Health()
    health.add("kafka", _works)
    with pytest.raises(ValueError, match="kafka"):
        health.add("kafka", _works)
