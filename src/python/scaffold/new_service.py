"""Makes a service: `./pants run :new-service -- NAME`."""

import sys

from scaffold import cli

if __name__ == "__main__":
    sys.exit(cli.new())
