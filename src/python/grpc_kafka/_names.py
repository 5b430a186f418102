"""The names of topics: all that a lane has is told by them."""

from __future__ import annotations


def of_queue(lane: str, service: str) -> str:
    """The topic, and the consumer group, of a service: `<lane>.<fully.qualified.Service>`."""
    return f"{lane}.{service}"


def of_inbox(lane: str, application: str) -> str:
    """The topic in whose partitions the processes of an application hear."""
    return f"{lane}.{application}.inbox"
