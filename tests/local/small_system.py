"""A system of two small services, run by the real runner: `python -m tests.local.small_system`.

The services are modules of a scratch checkout (see `scratch`), so they can be edited while they
run. Two steps come before them, and one server is without a module, as PostgreSQL is.
"""

import sys
from pathlib import Path

from local import options, report, runner
from local.checkout import Checkout
from local.errors import LocalError
from local.options import Options
from local.port_block import PortBlock
from local.probes import HttpProbe
from local.program import Program

_GRACE = 30.0  # seconds; longer than a test waits for an end that nobody is asked twice for


def programs(checkout: Checkout, ports: PortBlock, _options: Options) -> list[Program]:
    """A step, a server that everything stands on, and two services."""
    step = Program(
        name="publish",
        argv=(sys.executable, "-c", "print('published')"),
        watches=(checkout.sources / "services" / "alpha" / "static",),
    )
    base = Program(
        name="base",
        argv=(sys.executable, "-m", "foundation", str(ports.postgres)),
        probe=HttpProbe(ports.postgres, "/healthz"),
        port=ports.postgres,
    )
    return [
        step,
        base,
        _service("alpha", ports.account, uses=("beta",)),
        _service("beta", ports.identity, uses=("base",)),
    ]


def _service(name: str, port: int, *, uses: tuple[str, ...]) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", "local.warm", f"services.{name}", str(port)),
        requires=("base", "publish"),
        uses=uses,
        probe=HttpProbe(port, "/healthz"),
        essential=False,
        grace=_GRACE,
        port=port,
        module=f"services.{name}",
        waits=True,
    )


def main() -> int:
    """Run it by the runner's own options."""
    chosen = options.parse(sys.argv[1:], Path.cwd())
    try:
        return runner.run(chosen, report.Terminal(), programs)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
