"""Supervisors of small real processes, without a runner around them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.birth import birth_of
from local.journal import Journal
from local.part import Surroundings
from local.record import Record, Run
from local.supervisor import Supervisor
from tests.local.told import Make, Told


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def make(tmp_path: Path, told: Told) -> Iterator[Make]:
    record = Record(tmp_path / "run.json")
    record.save(Run(os.getpid(), birth_of(os.getpid()), ""))
    journal = Journal(tmp_path / "logs")
    around = Surroundings(tmp_path, dict(os.environ), record, journal, {})
    yield lambda *programs: Supervisor(programs, around, told)
    journal.close()
