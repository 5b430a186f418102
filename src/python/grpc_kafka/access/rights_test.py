from grpc_kafka.access._rights import Right, is_of_another_lane, rights_of
from grpc_kafka.topics._applications import Application

_APPLICATIONS = [
    Application("store", ["a.Store"], []),
    Application("shop", [], ["a.Store", "elsewhere.Mail"]),
]


def _of(user: str) -> set[str]:
    rights = rights_of(_APPLICATIONS, "blue")
    return {str(right) for right in rights if right.user == user}


def test_a_client_writes_to_what_it_calls_and_reads_its_inbox_alone() -> None:
    assert _of("shop") == {
        "WRITE topic blue.a.Store",
        "WRITE topic blue.store.inbox",
        "WRITE topic blue.elsewhere.Mail",
        "READ topic blue.shop.inbox",
        "DESCRIBE group blue.shop.inbox",
    }


def test_a_server_reads_its_queue_and_answers_who_calls_it() -> None:
    assert _of("store") == {
        "READ topic blue.a.Store",
        "READ group blue.a.Store",
        "WRITE topic blue.a.Store.dead-letter",
        "WRITE topic blue.shop.inbox",
        "READ topic blue.store.inbox",
        "DESCRIBE group blue.store.inbox",
    }


def test_what_is_needed_in_another_lane_is_known() -> None:
    green = Right("shop", "WRITE", "topic", "green.a.Store")
    assert is_of_another_lane(green, _APPLICATIONS, ["blue"])
    assert not is_of_another_lane(green, _APPLICATIONS, ["blue", "green"])
    for wrong in (
        green._replace(operation="READ"),
        green._replace(user="store"),
        green._replace(name="green"),
        green._replace(otherwise="PREFIXED"),
    ):
        assert not is_of_another_lane(wrong, _APPLICATIONS, ["blue"])
