"""`python -m grpc_kafka.call`."""

import sys

from grpc_kafka.call._command import main

if __name__ == "__main__":
    sys.exit(main())
