"""Removes a service: `./pants run :remove-service -- NAME`."""

import sys

from scaffold import cli

if __name__ == "__main__":
    sys.exit(cli.remove())
