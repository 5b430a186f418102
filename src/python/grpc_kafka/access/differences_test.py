from collections.abc import Iterable

from grpc_kafka.access._differences import Entrance, differences
from grpc_kafka.access._rights import Right, rights_of
from grpc_kafka.topics._applications import Application

_APPLICATIONS = [Application("store", ["a.Store"], []), Application("shop", [], ["a.Store"])]
_OPEN = dict.fromkeys(("store", "shop"), Entrance.OPEN)
_WANTED = rights_of(_APPLICATIONS, "blue")


def _said(
    entrances: dict[str, Entrance] | None = None, found: Iterable[Right] = _WANTED
) -> list[str]:
    return [
        str(each) for each in differences(_APPLICATIONS, ["blue"], _OPEN | (entrances or {}), found)
    ]


def test_nothing_differs_when_everybody_has_what_is_needed() -> None:
    assert _said() == []
    assert _said(found=[*_WANTED, *rights_of(_APPLICATIONS, "green")]) == []


def test_a_user_that_is_missing_and_one_that_is_refused_differ() -> None:
    assert _said({"store": Entrance.MISSING, "shop": Entrance.REFUSED}) == [
        "+ store: is missing",
        "~ shop: does not get in with the password of its file",
    ]


def test_rights_that_are_missing_and_too_much_differ() -> None:
    much = Right("shop", "ALL", "topic", "blue.", "PREFIXED")
    lacks = Right("shop", "WRITE", "topic", "blue.a.Store")
    assert _said(found=[much, *(each for each in _WANTED if each != lacks)]) == [
        "+ shop: lacks: WRITE topic blue.a.Store",
        "- shop: is too much: ALL topic blue. (PREFIXED)",
    ]
