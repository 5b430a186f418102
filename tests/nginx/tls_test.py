"""The site with a certificate of its own, and behind a balancer."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.nginx.upstream import Upstream
from tests.support import nginx_scripts
from tests.support.certificates import Authority
from tests.support.nginx_scripts import ScriptedNginx, started, told

PUBLIC_URL = "https://tandem.example"
TWO_YEARS = "max-age=63072000"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def certified(
    authority: Authority, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScriptedNginx]:
    made = authority.sign("edge", ["127.0.0.1"])
    settings = {
        "BLUE_ACCOUNT": upstream.address,
        "TLS_CERTIFICATE": str(made.certificate),
        "TLS_KEY": str(made.key),
        "PUBLIC_URL": PUBLIC_URL,
    }
    with started(tmp_path_factory.mktemp("nginx"), settings) as edge:
        yield edge


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the suite's authority is a plain one
    return context


def test_the_site_is_had_with_tls(certified: ScriptedNginx, trusting: ssl.SSLContext) -> None:
    answer = httpx.get(certified.tls_url, verify=trusting)
    assert answer.status_code == httpx.codes.OK
    assert "strict-transport-security" not in answer.headers  # account's to say


@pytest.mark.parametrize("path", ["/healthz", "/errors/page.css", "/static/x.css"])
def test_what_nginx_answers_itself_tells_browsers_to_stay_with_tls(
    certified: ScriptedNginx, trusting: ssl.SSLContext, path: str
) -> None:
    answer = httpx.get(f"{certified.tls_url}{path}", verify=trusting)
    assert answer.headers.get_list("strict-transport-security") == [TWO_YEARS]


def test_who_comes_without_tls_is_sent_to_the_site_and_to_no_other_host(
    certified: ScriptedNginx,
) -> None:
    answer = httpx.post(f"{certified.url}/sign-in?next=%2F", headers={"host": "evil.example"})
    assert answer.status_code == httpx.codes.PERMANENT_REDIRECT
    assert answer.headers["location"] == f"{PUBLIC_URL}/sign-in?next=%2F"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_http_2_is_spoken_with_whom_knows_it(
    certified: ScriptedNginx, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    trusting.minimum_version = trusting.maximum_version = version
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    port = int(certified.tls_url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"TLS_CERTIFICATE": __file__, "PUBLIC_URL": "http://tandem.example"}, "must be https"),
        ({"TLS_CERTIFICATE": __file__, "PUBLIC_URL": PUBLIC_URL}, "cannot load certificate"),
        ({"TRUSTED_BALANCERS": "somewhere"}, "host not found"),
        ({"BLUE_ACCOUNT": "${LISTEN}"}, "holds a variable"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(
    tmp_path: Path, settings: dict[str, str], complaint: str
) -> None:
    edge = told(tmp_path, settings)
    done = edge.script("start.sh")
    assert done.returncode == 1
    assert complaint in done.stderr
    assert not list((tmp_path / "run").glob("configuration.*"))


def test_a_balancer_that_is_trusted_tells_the_clients_address(
    upstream: Upstream, tmp_path: Path
) -> None:
    account = {"BLUE_ACCOUNT": upstream.address}
    told_by_client = {"x-forwarded-for": "198.51.100.7, 203.0.113.9"}
    with ExitStack() as stack:
        trusting, distrusting = (
            stack.enter_context(
                nginx_scripts.started(
                    tmp_path / name.replace("/", "-"), {**account, "TRUSTED_BALANCERS": name}
                )
            )
            for name in ("10.0.0.0/8,127.0.0.0/8", "10.0.0.0/8")
        )
        seen = []
        for edge in (trusting, distrusting):
            httpx.get(edge.url, headers=told_by_client).raise_for_status()
            seen.append(upstream.received[-1][2]["x-real-ip"])
    # The last one was added by the balancer; what stands before it, the client may have made up.
    assert seen == ["203.0.113.9", "127.0.0.1"]


def test_behind_a_balancer_that_ends_tls_browsers_are_told_to_stay_with_it(tmp_path: Path) -> None:
    with started(tmp_path, {"PUBLIC_URL": PUBLIC_URL}) as edge:
        answer = httpx.get(f"{edge.url}/healthz")
    assert answer.headers["strict-transport-security"] == TWO_YEARS
