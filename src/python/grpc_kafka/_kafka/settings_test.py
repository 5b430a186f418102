from grpc_kafka import Endpoint
from grpc_kafka._kafka import _settings

_ENDPOINT = Endpoint(
    "host:1",
    "blue",
    "account",
    {"fetch.wait.max.ms": "2", "message.timeout.ms": "5", "security.protocol": "SSL"},
)


def test_each_client_gets_the_settings_that_are_for_it() -> None:
    producer = _settings.of_producer(_ENDPOINT, every_report=True)
    queue = _settings.of_queue(_ENDPOINT, "blue.a.B")
    inbox = _settings.of_inbox(_ENDPOINT, "blue.account.inbox")
    assert "fetch.wait.max.ms" not in producer
    assert producer["message.timeout.ms"] == "5"
    for consumer in (queue, inbox):
        assert consumer["fetch.wait.max.ms"] == "2"
        assert "message.timeout.ms" not in consumer
    for client in (producer, queue, inbox):
        assert client["security.protocol"] == "SSL"
        assert client["client.id"] == "blue.account"


def test_the_endpoint_has_the_last_word_but_an_inbox_joins_no_group() -> None:
    classic = Endpoint("host:1", "blue", "account", {"group.protocol": "classic"})
    assert _settings.of_queue(classic, "blue.a.B")["group.protocol"] == "classic"
    inbox = _settings.of_inbox(classic, "blue.account.inbox")
    assert "group.protocol" not in inbox
    assert inbox["enable.auto.commit"] is False


def test_no_client_has_brokers_create_topics_unless_the_endpoint_says_so() -> None:
    producer = _settings.of_producer(_ENDPOINT, every_report=True)
    queue = _settings.of_queue(_ENDPOINT, "blue.a.B")
    assert producer["allow.auto.create.topics"] is False
    assert queue.get("allow.auto.create.topics", False) is False
    embedded = Endpoint("host:1", "blue", "account", {"allow.auto.create.topics": "true"})
    assert _settings.of_producer(embedded, every_report=True)["allow.auto.create.topics"] == "true"


def test_only_servers_hear_of_every_record() -> None:
    told = _settings.of_producer(_ENDPOINT, every_report=True)
    spared = _settings.of_producer(_ENDPOINT, every_report=False)
    assert (told["delivery.report.only.error"], spared["delivery.report.only.error"]) == (
        False,
        True,
    )


def test_only_the_producer_of_batches_waits_for_more() -> None:
    single = _settings.of_producer(_ENDPOINT, every_report=True)
    batch = _settings.of_bulk_producer(_ENDPOINT, every_report=True)
    assert {name for name in batch if batch[name] != single[name]} == {"linger.ms"}
