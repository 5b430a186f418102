"""What Kafka keeps of passwords and session secrets once they were read."""

from datetime import timedelta
from pathlib import Path

from grpc_kafka import topics

_TOPICS = Path(__file__).parents[2] / "infra/kafka/services.toml"
_HOUR_OR_SO = timedelta(minutes=90)


def test_what_holds_passwords_or_secrets_is_gone_after_an_hour_or_so() -> None:
    holding = {
        topics.of_queue("blue", "tandem.identity.v1.Identity"),
        topics.of_inbox("blue", "account"),
    }
    told = [each for each in topics.read(_TOPICS.read_text(), ["blue"]) if each.name in holding]
    assert {each.name for each in told} == holding
    for topic in told:
        # A segment goes as a whole, once its youngest record is old enough.
        names = ("retention.ms", "segment.ms")
        kept = sum(int(topic.settings.get(name, "604800000")) for name in names)
        assert timedelta(milliseconds=kept) <= _HOUR_OR_SO
