"""Who reads queues on Kafka, as the brokers list their groups.

They are only asked to list. To describe a group would tell more, but librdkafka 2.16 ends the
process when the group's coordinator goes away meanwhile (confluentinc/librdkafka#4605).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confluent_kafka import Consumer, ConsumerGroupState, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from grpc_kafka._endpoint import Endpoint
from grpc_kafka._errors import BrokerError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._client_log import ClientLog
from grpc_kafka._kafka._faults import fault_of

_ANSWER = 2.0
# What librdkafka itself takes to say that nobody answered.
_PATIENCE = 1.0
_AGAIN = 10.0
_HIDDEN = "its group is not listed, and cannot be asked for; may it be described?"
_WITHOUT_MEMBERS = (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)


class KafkaLookout:
    """Asks all brokers for the groups that they coordinate; connects when it is asked first."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._admin: AdminClient | None = None
        self._visible: set[str] = set()
        self._hidden: dict[str, float] = {}

    async def served(self, queue: str) -> bool:
        """Whether any process reads the queue; see `Lookout`."""
        try:
            states, errors = await self._states(queue)
            if not states and errors:
                raise fault_of(errors[0])
            if not states and queue not in self._visible:
                await self._require_view(queue)
        except KafkaException as error:
            raise fault_of(error) from error
        except TimeoutError as error:
            raise BrokerError(f"no answer in {_ANSWER:.0f} s") from error
        return any(state not in _WITHOUT_MEMBERS for state in states)

    async def close(self) -> None:
        """Let go."""
        if self._admin is not None:
            # The client's threads end with the last reference, and are waited for.
            last, self._admin = [self._admin], None
            await asyncio.to_thread(last.clear)

    async def _states(
        self, queue: str
    ) -> tuple[list[ConsumerGroupState], Sequence[KafkaException]]:
        """The state of the queue's group, nothing when no broker has it; and who did not answer."""
        if self._admin is None:
            self._admin = AdminClient(dict(_settings.of_admin(self._endpoint)))
        asked = asyncio.wrap_future(self._admin.list_consumer_groups(request_timeout=_ANSWER))
        found = await asyncio.wait_for(asked, _ANSWER + _PATIENCE)
        return [group.state for group in found.valid if group.group_id == queue], found.errors

    async def _require_view(self, queue: str) -> None:
        """Make sure that the group would be listed: those that one may not see are left out.

        Raises:
            BrokerError: it would not, or its coordinator is not there; asked for now and then.
        """
        now = asyncio.get_running_loop().time()
        if now < self._hidden.get(queue, now):
            raise BrokerError(_HIDDEN)
        try:
            await asyncio.to_thread(self._ask_coordinator, queue)
        except KafkaException as error:
            self._hidden[queue] = now + _AGAIN
            raise BrokerError(f"{_HIDDEN} ({fault_of(error).reason})") from error
        self._visible.add(queue)

    def _ask_coordinator(self, queue: str) -> None:
        """Ask for something that takes the right to see the group; anything would do."""
        settings: dict[str, object] = dict(_settings.of_inbox(self._endpoint, queue))
        consumer = Consumer(settings, logger=ClientLog())
        try:
            consumer.committed([TopicPartition(queue, 0)], timeout=_ANSWER)
        finally:
            consumer.close()
