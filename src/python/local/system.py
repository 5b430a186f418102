"""Tandem as programs: what is run for a checkout, by the options."""

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from local import nginx, postgres, services, topology
from local.checkout import Checkout
from local.options import Options
from local.passwords import Passwords
from local.port_block import PortBlock
from local.program import Program, address_of
from local.stamp import Stamp


def programs(checkout: Checkout, ports: PortBlock, options: Options) -> list[Program]:
    """All programs of the system; what was made by an earlier run is not made again.

    Raises:
        TopologyError: infra/kafka/services.toml does not say who serves and calls what.
    """
    where = _addresses(checkout, ports, options)
    first = [
        _codegen(checkout),
        *([_topics(checkout, options.kafka)] if options.kafka else [_broker(checkout)]),
        *([] if options.postgres else _postgres(checkout, ports)),
    ]
    server = None if options.postgres else "postgres"
    pages = nginx.routed(checkout.nginx)
    first += [
        _remembered(program, checkout, options)
        for program in services.preparations(where, server=server, pages=pages)
    ]
    steps = frozenset(program.name for program in first)
    callees = topology.callees(checkout.topics)
    further = services.further(where, ports, callees, steps=steps, pages=pages)
    behind_nginx = {each.name: each.port for each in further if each.port and each.name in pages}
    return [
        *first,
        *services.services(where, ports, steps=steps),
        *further,
        *nginx.programs(checkout, ports, behind_nginx),
    ]


def _remembered(program: Program, checkout: Checkout, options: Options) -> Program:
    """Add what a preparation depends on: which saved files, and what it need not do twice."""
    of_services, assets = checkout.sources / "services", checkout.sources / "chassis" / "assets.py"
    database = of_services / "database"
    publishing = {"static": "account"} | {
        f"{name}-static": name for name in nginx.routed(checkout.nginx)
    }
    watches = {step: (of_services / name / "static",) for step, name in publishing.items()}
    watches["migrate"] = (database / "migrations",)
    code = {**dict.fromkeys(publishing, (assets,)), "prepare": (database / "prepare.py",)}
    outputs = dict.fromkeys(publishing, nginx.static_directory(checkout))
    # A server that is not ours may have been emptied: there, all is done at each start.
    if not options.postgres:
        cluster = checkout.state / "postgres" / "PG_VERSION"
        outputs |= {"prepare": cluster, "migrate": cluster}
    program = replace(program, watches=watches.get(program.name, ()))
    if program.name not in outputs:
        return program
    stamp = Stamp(
        checkout.stamps / program.name,
        inputs=(*program.watches, *code.get(program.name, ())),
        texts=tuple(program.env.values()),
        outputs=(outputs[program.name],),
    )
    return replace(program, stamp=stamp)


def _addresses(checkout: Checkout, ports: PortBlock, options: Options) -> services.Addresses:
    passwords = Passwords(checkout.state / "secrets")
    admin = options.postgres or (
        f"postgresql://{postgres.SUPERUSER}:{passwords.get('postgres')}"
        f"@127.0.0.1:{ports.postgres}/postgres"
    )

    def url_of(role: str) -> str:
        return postgres.url_of(admin, role, passwords.get(role), services.DATABASE_NAME)

    return services.Addresses(
        kafka=options.kafka or address_of("broker"),
        kafka_options={} if options.kafka else services.EMBEDDED_BROKER_OPTIONS,
        admin_url=admin,
        owner_url=url_of("tandem_owner"),
        app_url=url_of("tandem_app"),
        signing_keys=checkout.state / "secrets" / "signing-keys",
        attempt_digest_key=passwords.get("attempt-digest-key"),
        static=nginx.static_directory(checkout),
    )


def _codegen(checkout: Checkout) -> Program:
    return Program(
        name="codegen",
        argv=_module("local.codegen", checkout.protos, checkout.codegen),
        watches=(checkout.protos,),
        stamp=Stamp(
            checkout.stamps / "codegen",
            inputs=(checkout.protos,),
            texts=(version("grpcio-tools"),),
            outputs=(checkout.codegen,),
        ),
    )


def _broker(checkout: Checkout) -> Program:
    argv = _module("local.broker", checkout.topics, services.LANE)
    return Program(name="broker", argv=argv, announces=True)


def _topics(checkout: Checkout, kafka: str) -> Program:
    arguments = (checkout.topics, kafka, services.LANE)
    return Program(name="topics", argv=_module("local.create_topics", *arguments))


def _postgres(checkout: Checkout, ports: PortBlock) -> list[Program]:
    data = checkout.state / "postgres"
    if data.exists():
        return [postgres.server(data, ports.postgres, requires=())]
    password = Passwords(checkout.state / "secrets").path("postgres")
    initdb = Program(
        name="initdb", argv=_module("local.initdb", data, password), start_timeout=120.0
    )
    return [initdb, postgres.server(data, ports.postgres, requires=("initdb",))]


def _module(name: str, *arguments: Path | str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *map(str, arguments))
