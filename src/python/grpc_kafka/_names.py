"""The names of topics: all that a lane has is told by them."""

from __future__ import annotations


def of_queue(lane: str, service: str) -> str:
    """The topic, and the consumer group, of a service: `<lane>.<fully.qualified.Service>`."""
    return f"{lane}.{service}"


def of_inbox(lane: str, application: str) -> str:
    """The topic in whose partitions the processes of an application hear."""
    return f"{lane}.{application}.inbox"


def of_dead_letter(lane: str, service: str) -> str:
    """The topic of what a service's queue brought and no server could serve."""
    return dead_letters_of(of_queue(lane, service))


def dead_letters_of(queue: str) -> str:
    """The same, by the name of the queue."""
    return f"{queue}.dead-letter"
