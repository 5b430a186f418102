"""What is compared: PostgreSQL as it comes, as we set it, and each setting alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULTS = "PostgreSQL's defaults"
OURS = "ours, all together"

_ELSEWHERE = frozenset(
    {
        *("listen_addresses", "unix_socket_directories", "unix_socket_permissions"),
        *("log_destination", "logging_collector", "max_connections"),
    }
)
"""Of the file, what belongs to the container and not to speed."""

# What start.sh sets in a container of 1 GiB.
_MEMORY = {"shared_buffers": "256MB", "effective_cache_size": "640MB"}

# The wheel's PostgreSQL is built without lz4; what it has instead takes more of the processor.
_WHEEL = {"wal_compression": "pglz"}


@dataclass(frozen=True)
class Variant:
    """A server to measure, and how it is used.

    Attributes:
        settings: Of the server, beside its defaults.
        pool: Connections of the service.
        isolation: Of its transactions.
        fillfactor: Of the tables whose rows are changed in place.
        unsafe: Loses what was acknowledged; measured for its price only.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    pool: int = 10
    isolation: str = "read committed"
    fillfactor: int = 100
    unsafe: bool = False


def variants(configuration: Path) -> tuple[Variant, ...]:
    """All of them, the defaults first.

    Args:
        configuration: Our postgresql.conf.
    """
    whole = {**settings_of(configuration), **_MEMORY, **_WHEEL}

    def alone(*names: str) -> Variant:
        return Variant(" + ".join(names), {name: whole[name] for name in names})

    return (
        Variant(DEFAULTS),
        Variant(OURS, whole),
        alone("shared_buffers"),
        alone("wal_compression"),
        alone("max_wal_size", "checkpoint_timeout"),
        alone("random_page_cost"),
        alone("jit", "max_parallel_workers_per_gather"),
        alone("autovacuum_naptime", "autovacuum_vacuum_scale_factor"),
        alone("shared_preload_libraries", "track_io_timing"),
        Variant("fillfactor 80", fillfactor=80),
        Variant("pool of 2", pool=2),
        Variant("pool of 40", pool=40),
        Variant("repeatable read", isolation="repeatable read"),
        Variant("serializable", isolation="serializable"),
        Variant("synchronous_commit off", {"synchronous_commit": "off"}, unsafe=True),
    )


def settings_of(configuration: Path) -> dict[str, str]:
    """The settings of a postgresql.conf, without those that only a container has."""
    found = {}
    for line in configuration.read_text().splitlines():
        name, equals, value = line.partition(" = ")
        if equals and not line.startswith("#") and name not in _ELSEWHERE:
            found[name] = value.strip("'")
    return found
