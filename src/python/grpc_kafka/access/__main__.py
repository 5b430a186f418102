"""`python -m grpc_kafka.access`."""

import sys

from grpc_kafka.access._command import main

if __name__ == "__main__":
    sys.exit(main())
