"""Topics as they should be: their names, their definition in one file, and what makes them so.

`python -m grpc_kafka.topics` plans, creates and checks them. Nothing here is ever on the way of a
call.
"""

from grpc_kafka._names import of_dead_letter, of_inbox, of_queue
from grpc_kafka.topics._creating import create
from grpc_kafka.topics._definitions import Overrides, read
from grpc_kafka.topics._toml import DefinitionsError
from grpc_kafka.topics._topic import Topic

__all__ = [
    "DefinitionsError",
    "Overrides",
    "Topic",
    "create",
    "of_dead_letter",
    "of_inbox",
    "of_queue",
    "read",
]
