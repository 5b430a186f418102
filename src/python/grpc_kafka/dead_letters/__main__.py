"""`python -m grpc_kafka.dead_letters`."""

import sys

from grpc_kafka._commands import ended
from grpc_kafka.dead_letters._command import main

if __name__ == "__main__":
    sys.exit(ended(main))
