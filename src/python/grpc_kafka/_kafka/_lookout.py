"""Who reads queues on Kafka, as the coordinators of their groups tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from grpc_kafka._endpoint import Endpoint
from grpc_kafka._errors import BrokerError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._faults import fault_of

_ANSWER = 2.0
# What librdkafka itself takes to say that nobody answered.
_PATIENCE = 1.0


class KafkaLookout:
    """Asks for the members of groups; connects when it is asked first."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._admin: AdminClient | None = None

    async def served(self, queue: str) -> bool:
        """Whether any process reads the queue; see `Lookout`."""
        try:
            if self._admin is None:
                self._admin = AdminClient(dict(_settings.of_admin(self._endpoint)))
            asked = self._admin.describe_consumer_groups([queue], request_timeout=_ANSWER)
            answer = asyncio.wrap_future(asked[queue])
            group = await asyncio.wait_for(answer, _ANSWER + _PATIENCE)
        except KafkaException as error:
            raise fault_of(error) from error
        except TimeoutError as error:
            raise BrokerError(f"no answer in {_ANSWER:.0f} s") from error
        shares = [len(member.assignment.topic_partitions) for member in group.members]
        return is_served(group.state, shares)

    async def close(self) -> None:
        """Let go."""
        admin, self._admin = self._admin, None
        if admin is not None:
            # Its threads end with the last reference, and are waited for.
            await asyncio.to_thread(_drop, [admin])
            del admin


def is_served(state: ConsumerGroupState, shares: Sequence[int]) -> bool:
    """Whether a member has partitions, or is about to get some.

    Args:
        state: the group's.
        shares: of each member, how many partitions it has.

    """
    return any(shares) if state is ConsumerGroupState.STABLE else bool(shares)


def _drop(last: list[AdminClient]) -> None:
    last.clear()
