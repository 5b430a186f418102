"""A scanner of nginx configurations finds nothing, in any way that it is rendered."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.nginx import SOURCE
from tests.support.nginx_scripts import told

# Nothing listens there. gixy takes a port with 443 in it for TLS, and a free one may be such.
PORTS = {"LISTEN": "127.0.0.1:8080", "INTERNAL_LISTEN": "127.0.0.1:8081"}
GIXY = SOURCE.parents[1] / "3rdparty.tools/gixy.pex"
WAYS = {
    "plain": {},
    "balanced": {"TRUSTED_BALANCERS": "10.0.0.0/8", "PUBLIC_URL": "https://tandem.example"},
    "tls": {"PUBLIC_URL": "https://tandem.example"},
}


@pytest.mark.parametrize("way", WAYS)
def test_gixy_finds_nothing(tmp_path: Path, way: str) -> None:
    settings = PORTS | WAYS[way]
    if way == "tls":
        made = Authority(tmp_path / "authority").sign("edge", ["127.0.0.1"])
        settings = settings | {"TLS_CERTIFICATE": str(made.certificate), "TLS_KEY": str(made.key)}
    edge = told(tmp_path, settings)
    assert edge.script("configure.sh").returncode == 0
    # It looks for this header in the server itself; account sets it for its pages, and tls_test.py
    # sees that nginx does for the rest.
    skipped = "--skips=hsts_header"
    done = subprocess.run(  # noqa: S603  # from our own lockfile
        [sys.executable, str(GIXY), skipped, str(edge.configuration / "nginx.conf")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
