from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.port_block import DEFAULT_BASE, HIGHEST_BASE, PortBlock, RememberedPort


@settings(deadline=None)
@given(st.integers(1, HIGHEST_BASE))
def test_parts_have_ports_of_their_own_from_the_first_on(base: int) -> None:
    ports = PortBlock(base).named()
    taken = [*ports.values(), PortBlock(base).further(0), PortBlock(base).further(1)]
    assert sorted(taken) == list(range(base, base + 8))
    assert ports["nginx"] == base
    assert max(taken) <= 65_535


def test_named_port_is_remembered(tmp_path: Path) -> None:
    remembered = RememberedPort(tmp_path / "port")
    assert remembered.load() == DEFAULT_BASE
    remembered.save(8090)
    assert remembered.load() == 8090


@pytest.mark.parametrize("text", ["", "x", "0", "65535", "-1"])
def test_what_is_no_port_is_not_remembered(tmp_path: Path, text: str) -> None:
    (tmp_path / "port").write_text(text)
    assert RememberedPort(tmp_path / "port").load() == DEFAULT_BASE
