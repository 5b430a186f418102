"""Why the system cannot be run here.

LocalError
+-- BrokerStartError   librdkafka's embedded broker did not come up
"""


class LocalError(Exception):
    """The system cannot be run as asked; the message says why, and what to do next."""


class BrokerStartError(LocalError):
    """librdkafka's embedded broker did not come up."""

    def __init__(self) -> None:
        super().__init__(
            "the embedded broker named no address; check that confluent-kafka is installed whole, "
            "or use another broker by --kafka HOST:PORT"
        )
