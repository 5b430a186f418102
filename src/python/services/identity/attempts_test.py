"""What counts as the same client and the same address."""

from pathlib import Path

import grpc
import pytest
from tandem.database.v1.attempts_pb2 import CountAttemptRequest

from services.identity.testing import Running, running


async def keys(identity: Running, *, client_address: str, email: str = "ada") -> list[bytes]:
    """Under which keys an attempt is counted: of the client, if known, of both, of the address."""
    identity.stores.requests.clear()
    with pytest.raises(grpc.aio.AioRpcError):
        await identity.sign_in(email=email, client_address=client_address)
    counted = identity.stores.requests
    return [request.key for request in counted if isinstance(request, CountAttemptRequest)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", " 192.0.2.7 ", True),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("a proxy", "a proxy", True),
        ("a proxy", "another proxy", False),
    ],
)
async def test_client_is_known_by_what_it_cannot_change(
    tmp_path: Path, one: str, other: str, same: bool
) -> None:
    async with running(tmp_path) as identity:
        first = await keys(identity, client_address=one)
        second = await keys(identity, client_address=other)
    shared = [key for key in first if key in second]
    assert shared == (first if same else first[-1:]), "the address alone is the same"


async def test_address_counts_the_same_in_whatever_case(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        first = await keys(identity, client_address="", email="Ada@example.org")
        assert first == await keys(identity, client_address="", email=" ada@EXAMPLE.org")
        assert first != await keys(identity, client_address="", email="eve@example.org")
        assert len(first) == 2


@pytest.mark.parametrize(
    ("spelling", "plain"),
    [
        ("ada@\uff45xample.org", "ada@example.org"),  # a full-width "e"
        ("ada@example\u3002org", "ada@example.org"),  # an ideographic full stop
        ("ada@xn--bcher-kva.example.org", "ada@b\u00fccher.example.org"),
        ("a\u0308da@example.org", "\u00e4da@example.org"),
    ],
)
async def test_address_counts_the_same_however_it_is_spelled(
    tmp_path: Path, spelling: str, plain: str
) -> None:
    async with running(tmp_path) as identity:
        counted = await keys(identity, client_address="", email=spelling)
        assert counted == await keys(identity, client_address="", email=plain)


async def test_text_of_a_client_is_never_taken_for_an_address_of_mail(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        counted = await keys(identity, client_address="same text", email="same text")
    assert len(set(counted)) == 3
