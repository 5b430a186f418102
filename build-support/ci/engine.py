"""Whether images can be built here."""

import subprocess

_SECONDS = 30.0


def answers() -> bool:
    """Whether a Docker engine does."""
    command = ["docker", "version", "--format={{.Server.Version}}"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
