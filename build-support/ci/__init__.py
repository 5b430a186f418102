"""What CI runs, and anyone can: `./pants run build-support/ci:merge-check -- --help`."""
