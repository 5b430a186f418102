"""`python -m grpc_kafka.topics`."""

import sys

from grpc_kafka._commands import ended
from grpc_kafka.topics._command import main

if __name__ == "__main__":
    sys.exit(ended(main))
