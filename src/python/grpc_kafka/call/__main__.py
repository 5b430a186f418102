"""`python -m grpc_kafka.call`."""

import sys

from grpc_kafka._commands import ended
from grpc_kafka.call._command import main

if __name__ == "__main__":
    sys.exit(ended(main))
