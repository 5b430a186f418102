import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import InvalidMetadataError, metadata_of
from grpc_kafka.protocol._metadata import RESERVED, from_header, to_headers


def test_metadata_keeps_its_order_and_its_repetitions() -> None:
    entries: list[tuple[str, str | bytes]] = [
        ("b", "1"),
        ("a", "2"),
        ("b", "3"),
        ("k-bin", b"\x00\xff"),
    ]
    assert metadata_of(entries) == tuple(entries)


def test_bytes_of_a_text_key_become_text() -> None:
    assert metadata_of([("a", b"x")]) == (("a", "x"),)


@pytest.mark.parametrize("key", ["", "A", "a b", ":path", "ключ", "a\n"])
def test_a_key_that_grpc_does_not_allow_is_refused(key: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        metadata_of([(key, "x")])
    assert caught.value.key == key


@pytest.mark.parametrize("value", ["é", "a\nb", "\x7f", b"\xff"])
def test_a_value_that_is_not_printable_ascii_is_refused(value: str | bytes) -> None:
    with pytest.raises(InvalidMetadataError, match="printable ASCII"):
        metadata_of([("a", value)])


@pytest.mark.parametrize(("key", "value"), [("a-bin", "text"), ("a", 1)])
def test_a_value_of_a_wrong_type_is_refused(key: str, value: object) -> None:
    with pytest.raises(TypeError, match="takes"):
        metadata_of([(key, value)])  # type: ignore[list-item]


def test_names_that_the_protocol_writes_do_not_travel() -> None:
    assert metadata_of([("grpc-timeout", "1S"), ("grpc-status", "0"), ("x", "y")]) == (("x", "y"),)


@settings(deadline=None)
@given(st.text(), st.text() | st.binary())
def test_any_entry_is_refused_by_the_named_errors_or_carried_as_it_is(
    key: str, value: str | bytes
) -> None:
    try:
        carried = metadata_of([(key, value)])
    except (InvalidMetadataError, TypeError):
        return
    if key in RESERVED:
        assert carried == ()
        return
    assert tuple(from_header(*header) for header in to_headers(carried)) == carried
    if isinstance(value, bytes) and not key.endswith("-bin"):
        value = value.decode("latin-1")
    assert carried == ((key, value),)


def test_keys_may_be_bytes() -> None:
    entries: list[tuple[str | bytes, str | bytes]] = [
        (b"key", "1"),
        (b"key-bin", b"\x00"),
        (b"grpc-status", "0"),
    ]
    assert metadata_of(entries) == (("key", "1"), ("key-bin", b"\x00"))
