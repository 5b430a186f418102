"""What a deployer will not begin: with a server it does not know, or one that lacks something."""

import pytest

from bluegreen.cli.exits import Exit
from tests.support.delivery import Delivery
from tests.support.sshd import make_key

pytestmark = pytest.mark.timeout(900)  # seconds; a server is set up in the first test


def test_a_server_that_is_not_the_known_one_is_not_talked_to(site: Delivery) -> None:
    file = site.home / "others"
    address = site.server.address.rpartition("@")[2]
    host, _, port = address.partition(":")
    stranger = _stranger(site)
    file.write_text(f"[{host}]:{port} {stranger}\n")
    with site.told(known_hosts="others"):
        wrong = site.run("status")
        file.write_text("")
        unknown = site.run("status")
    assert (wrong.returncode, unknown.returncode) == (Exit.UNREACHABLE, Exit.UNREACHABLE)
    assert "is not the one in others" in wrong.stderr
    assert f"ssh-keyscan -p {port} {host}" in unknown.stderr


def test_who_is_not_let_in_hears_what_to_do(site: Delivery) -> None:
    _stranger(site)
    with site.told(key=(site.home / "stranger").read_text()):
        refused = site.run("status")
    assert refused.returncode == Exit.UNREACHABLE
    assert "does not let us in (Authentication failed)" in refused.stderr
    assert "authorized_keys" in refused.stderr


def test_a_secret_that_the_server_lacks_is_told_before_anything_is_touched(site: Delivery) -> None:
    folder = site.built()
    there = site.server.folder / "secrets/kafka_identity_password"
    aside = there.rename(site.home / "aside")
    try:
        done = site.run("deploy", "--release", str(folder))
    finally:
        aside.rename(there)
    assert done.returncode == Exit.REFUSED
    assert "the server has no secret kafka_identity_password: `bluegreen setup`" in done.stderr


def _stranger(site: Delivery) -> str:
    """The public half of a key that nobody knows."""
    (site.home / "stranger").unlink(missing_ok=True)
    return " ".join(make_key(site.home / "stranger").split()[:2])
