"""Empties the topics of a lane that nobody is in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from confluent_kafka import OFFSET_END, ConsumerGroupState, TopicPartition
from confluent_kafka.admin._group import ConsumerGroupListing

from grpc_kafka._errors import TopicsError
from grpc_kafka._kafka._admin import Admin
from grpc_kafka._kafka._faults import fault_of

_WITHOUT_MEMBERS = (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)
_PAUSE = 0.5


def empty(admin: Admin, names: Iterable[str]) -> list[str]:
    """Remove all records of topics, queues among them; those that are not there are left out.

    Dead letters are no request: leave them out of the names, for somebody wants to look at them.

    Args:
        admin: asks the brokers.
        names: of topics, or of anything; a queue has its consumer group's name.

    Returns:
        The names of those that are empty now, sorted.

    Raises:
        TopicsError: a process reads one of the queues, and nothing was removed; the brokers did
            not answer in time, or refused.
    """
    listed = admin.ask(lambda wait: admin.client.list_topics(timeout=wait)).topics
    there = sorted(name for name in names if name in listed)
    if not there:
        return []
    _check_unread(admin, frozenset(there))
    everything = [
        TopicPartition(name, partition, OFFSET_END)
        for name in there
        for partition in listed[name].partitions
    ]
    wait = admin.left()
    deleting = admin.client.delete_records(everything, request_timeout=wait, operation_timeout=wait)
    for place, future in deleting.items():
        admin.result(future, f"{place.topic} was not emptied")
    return there


def _check_unread(admin: Admin, names: frozenset[str]) -> None:
    read = sorted(
        group.group_id
        for group in _groups(admin)
        if group.group_id in names and group.state not in _WITHOUT_MEMBERS
    )
    if read:
        raise TopicsError(f"nothing was emptied, for processes read {', '.join(read)}; stop them")


def _groups(admin: Admin) -> Sequence[ConsumerGroupListing]:
    """All consumer groups; a broker that has just started is asked again: it loads its own."""
    while True:
        asked = admin.client.list_consumer_groups(request_timeout=admin.left())
        found = admin.result(asked, "readers were not found")
        if not found.errors:
            groups: Sequence[ConsumerGroupListing] = found.valid
            return groups
        time.sleep(_PAUSE)
        if admin.is_over():
            reason = fault_of(found.errors[0]).reason
            raise TopicsError(f"nothing was emptied, for readers were not found: {reason}")
