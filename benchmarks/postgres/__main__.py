"""PostgreSQL's settings beside each other, in one interleaved run.

`./pants run benchmarks:postgres` starts a server for each variant, all on the same disk, and lets
the database service's own transactions run on each in turn, round by round. What it prints is
Markdown: ratios to PostgreSQL's defaults in the same round. docs/postgres.md says what they mean.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.postgres.load import Figures, Load
from benchmarks.postgres.variants import DEFAULTS, Variant, variants
from benchmarks.transport.figures import Spread, percentile, ratios
from benchmarks.transport.noise import Noise
from benchmarks.transport.tables import milliseconds, rate, table, times
from services.database.transactions import Transactions
from tests.support import command_line, postgres
from tests.support.database import migrated, to_url

_EXAMPLES = """\
  ./pants run benchmarks:postgres -- --rounds 7
  ./pants run benchmarks:postgres -- --only "ours, all together" --seconds 5

It brings its own servers, on free ports, with data that is gone afterwards.
"""

_CONFIGURATION = Path("infra/postgres/postgresql.conf")
# A server of a suite does without what costs time; here that time is what is measured.
_REAL = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "log_statement": "none",
}
_IN_PLACE = """sum(n_tup_hot_upd)::float8 / sum(n_tup_upd) FROM pg_stat_user_tables"""
_CHANGED_IN_PLACE = ("sessions", "accounts", "effects", "attempt_windows")


@dataclass
class Measured:
    """A variant at work, and its rounds."""

    variant: Variant
    load: Load
    admin: psycopg.Connection[tuple[object, ...]]
    before: str
    rounds: list[Figures] = field(default_factory=list)
    logged: float = 0.0
    in_place: float = 0.0

    def look(self) -> None:
        """Note what the machine's noise does not touch.

        That is the bytes of log for each call, and the share of updates that touched no index.
        """
        (logged,) = _row(self.admin, "pg_current_wal_insert_lsn() - %s::pg_lsn", self.before)
        self.logged = float(logged) / sum(len(each.latencies) for each in self.rounds)
        (self.in_place,) = _row(self.admin, _IN_PLACE)


def main() -> None:
    """Measure and print."""
    parser = _parser()
    wanted = parser.parse_args()
    among = variants(wanted.configuration)
    if wanted.only:
        if unknown := set(wanted.only) - {each.name for each in among}:
            names = ", ".join(f'"{each.name}"' for each in among)
            parser.error(f"no such variant: {', '.join(sorted(unknown))}; there are {names}")
        among = tuple(each for each in among if each.name in {DEFAULTS, *wanted.only})
    noise = Noise()
    measured = asyncio.run(_measure(among, wanted, noise))
    sys.stdout.write(f"{_report(measured)}\n\n{noise.report()}\n")


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("benchmarks:postgres", __doc__, _EXAMPLES)
    parser.add_argument("--rounds", type=int, default=7, help="of each variant (default: 7)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a round (default: 2)")
    parser.add_argument("--at-once", type=int, default=32, help="calls at work (default: 32)")
    parser.add_argument("--people", type=int, default=300, help="signed up before (default: 300)")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="beside the defaults")
    parser.add_argument("--configuration", type=Path, default=_CONFIGURATION)
    return parser


async def _measure(
    among: Sequence[Variant], wanted: argparse.Namespace, noise: Noise
) -> list[Measured]:
    async with AsyncExitStack() as stack:
        measured = [await _started(stack, each, wanted.people) for each in among]
        for number in range(wanted.rounds):
            noise.sample()
            # Each goes first in its turn: what one leaves to the disk meets another's round.
            turn = number % len(measured)
            for each in measured[turn:] + measured[:turn]:
                each.rounds.append(await each.load.together(wanted.at_once, wanted.seconds))
        noise.sample()
        await asyncio.sleep(1.5)  # until the servers' counters have arrived
        for each in measured:
            each.look()
        return measured


async def _started(stack: AsyncExitStack, variant: Variant, people: int) -> Measured:
    server = stack.enter_context(postgres.running({**_REAL, **variant.settings}))
    addresses = migrated(server)
    with psycopg.connect(addresses.owner) as owner:
        for name in _CHANGED_IN_PLACE:
            owner.execute(f"ALTER TABLE {name} SET (fillfactor = {variant.fillfactor})".encode())
    engine = create_async_engine(
        to_url(addresses.app),
        pool_size=variant.pool,
        max_overflow=0,
        pool_use_lifo=True,
        isolation_level=variant.isolation.upper(),
        hide_parameters=True,
    )
    stack.push_async_callback(engine.dispose)
    load = Load(Transactions(engine, statement_timeout=10, at_once=variant.pool))
    await load.people(people)
    await load.together(8, 1)  # opens the pool, and reads the catalogue
    place = urlsplit(addresses.admin)._replace(path=urlsplit(addresses.app).path).geturl()
    admin = stack.enter_context(psycopg.connect(place))
    admin.autocommit = True
    (before,) = _row(admin, "pg_current_wal_insert_lsn()::text")
    return Measured(variant, load, admin, str(before))


def _row(
    connection: psycopg.Connection[tuple[object, ...]], what: LiteralString, *values: str
) -> tuple[Any, ...]:
    row = connection.execute(f"SELECT {what}", values).fetchone()
    assert row is not None, what  # noqa: S101  # an aggregate always has one
    return row


def _report(measured: Sequence[Measured]) -> str:
    base = [figures.rate for figures in measured[0].rounds]
    slow = [percentile(figures.latencies, 99) for figures in measured[0].rounds]
    rows = []
    for each in measured:
        rates = [figures.rate for figures in each.rounds]
        tails = [percentile(figures.latencies, 99) for figures in each.rounds]
        name = f"{each.variant.name} (unsafe)" if each.variant.unsafe else each.variant.name
        rows.append(
            [
                name,
                rate(Spread.of(rates)),
                times(ratios(rates, base)),
                milliseconds(Spread.of(tails)),
                times(ratios(tails, slow)),
                f"{each.logged / 1024:.2f}",
                f"{each.in_place:.0%}",
                str(sum(figures.refused for figures in each.rounds)),
            ]
        )
    head = ["", "calls/s", "beside defaults", "p99, ms", "beside defaults"]
    head += ["log, KiB a call", "updates in place", "refused"]
    return table(head, rows)


if __name__ == "__main__":
    main()
