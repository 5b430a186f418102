"""Tandem's own processes: the three services, and the commands that prepare for them."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.port_block import PortBlock
from local.probes import HttpProbe
from local.program import Program

LANE = "blue"
DATABASE_NAME = "tandem"
_WITH_NEEDS = ("database", "identity", "account")  # beside a broker
_FOR_CALLS = frozenset({"broker", "topics", "codegen"})
_GRACE = 3.0  # seconds to end; running calls have less, see _SHUTDOWN_GRACE
_SHUTDOWN_GRACE = "1"

# The embedded broker does not wake a waiting fetch when records come: what it waits is latency, and
# what it does not wait is idle work. Measured on two cores, a page of one call and all processes
# idle: 2 ms 21 ms and 25% of a core, 5 ms 21 ms and 11%, 10 ms 24 ms and 10%, 20 ms 71 ms.
EMBEDDED_BROKER_OPTIONS = {"fetch.wait.max.ms": "5"}


@dataclass(frozen=True)
class Addresses:
    """Where the services find what they need.

    Attributes:
        kafka: host:port of a broker.
        kafka_options: What librdkafka must know of this broker.
        admin_url: PostgreSQL, for a superuser.
        owner_url: PostgreSQL, for the role that migrates.
        app_url: PostgreSQL, for the role that serves.
        signing_keys: identity's keys.
        attempt_digest_key: identity's secret for the counts of attempts.
        static: Where nginx finds static files.
    """

    kafka: str
    kafka_options: Mapping[str, str]
    admin_url: str
    owner_url: str
    app_url: str
    signing_keys: Path
    attempt_digest_key: str
    static: Path


def preparations(
    where: Addresses, *, server: str | None, pages: Sequence[str] = ()
) -> list[Program]:
    """The commands that come before the services.

    Args:
        where: What they work on.
        server: The program that is PostgreSQL, if it is one of ours.
        pages: The services beside account that have pages.
    """
    owner = {"TANDEM_DATABASE_OWNER_URL": where.owner_url}
    roles = {
        **owner,
        "TANDEM_DATABASE_ADMIN_URL": where.admin_url,
        "TANDEM_DATABASE_URL": where.app_url,
    }
    programs = [
        _step("prepare", "database", ("prepare",), env=roles, requires=_present(server, "codegen")),
        _step("migrate", "database", ("migrate", "expand"), env=owner, requires=("prepare",)),
        _publish("static", "account", where),
        *(_publish(f"{name}-static", name, where) for name in pages),
    ]
    if not any(where.signing_keys.glob("*.pem")):
        arguments = ("keys", "create", str(where.signing_keys))
        programs.append(_step("keys", "identity", arguments, requires=("codegen",)))
    return programs


def services(where: Addresses, ports: PortBlock, *, steps: frozenset[str]) -> list[Program]:
    """The three services.

    Args:
        where: What they work with.
        ports: Where they answer.
        steps: The names of all programs that come before.
    """
    brokers = steps & _FOR_CALLS
    database = _service(
        "database",
        ports.database,
        where,
        {"TANDEM_DATABASE_URL": where.app_url},
        requires=(*brokers, "migrate"),
        uses=tuple(steps & {"postgres"}),
    )
    identity = _service(
        "identity",
        ports.identity,
        where,
        {
            "TANDEM_SIGNING_KEYS": str(where.signing_keys),
            "TANDEM_ATTEMPT_DIGEST_KEY": where.attempt_digest_key,
        },
        requires=(*brokers, *(steps & {"keys"})),
        uses=("database",),
    )
    account = _service(
        "account",
        ports.account,
        where,
        {"TANDEM_PUBLIC_URL": public_url(ports)},
        requires=tuple(brokers),
        uses=("identity", "database"),
    )
    return [database, identity, account]


def further(
    where: Addresses,
    ports: PortBlock,
    callees: Mapping[str, Sequence[str]],
    *,
    steps: frozenset[str],
    pages: Sequence[str] = (),
) -> list[Program]:
    """The services that need nothing but a broker.

    Args:
        where: What they work with.
        ports: Where they answer, after the three that need more.
        callees: Whom each application calls, by its name.
        steps: The names of all programs that come before.
        pages: Those of them that have pages.
    """
    requires = tuple(steps & _FOR_CALLS)
    of_pages = {"TANDEM_PUBLIC_URL": public_url(ports)}
    names = [name for name in callees if name not in _WITH_NEEDS]
    return [
        _service(
            name,
            ports.further(number),
            where,
            of_pages if name in pages else {},
            requires=requires,
            uses=tuple(callees[name]),
        )
        for number, name in enumerate(names)
    ]


def public_url(ports: PortBlock) -> str:
    """How browsers reach the site."""
    return f"http://127.0.0.1:{ports.nginx}"


def _service(
    name: str,
    port: int,
    where: Addresses,
    env: Mapping[str, str],
    *,
    requires: tuple[str, ...],
    uses: tuple[str, ...],
) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", "local.warm", f"services.{name}", "serve"),
        env={
            "TANDEM_LANE": LANE,
            "TANDEM_KAFKA_BOOTSTRAP_SERVERS": where.kafka,
            "TANDEM_KAFKA_OPTIONS": json.dumps(dict(where.kafka_options)),
            "TANDEM_HTTP_HOST": "127.0.0.1",
            "TANDEM_HTTP_PORT": str(port),
            "TANDEM_LOG_FORMAT": "json",
            "TANDEM_SHUTDOWN_GRACE": _SHUTDOWN_GRACE,
            **env,
        },
        requires=tuple(sorted(requires)),
        uses=uses,
        probe=HttpProbe(port, "/healthz"),
        essential=False,
        grace=_GRACE,
        port=port,
        module=f"services.{name}",
        waits=True,
    )


def _publish(name: str, service: str, where: Addresses) -> Program:
    return _step(name, service, ("static", str(where.static)), requires=("codegen",))


def _step(
    name: str,
    service: str,
    arguments: tuple[str, ...],
    *,
    env: Mapping[str, str] | None = None,
    requires: tuple[str, ...],
) -> Program:
    argv = (sys.executable, "-m", f"services.{service}", *arguments)
    return Program(name=name, argv=argv, env=env or {}, requires=requires, start_timeout=60.0)


def _present(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name is not None)
