"""`./pants run :bluegreen -- ...`: see `--help`."""

from bluegreen.cli import main as run


def main() -> None:
    """Run the command line.

    Raises:
        SystemExit: with the exit code; `--help` names them.
    """
    raise SystemExit(run())


if __name__ == "__main__":
    main()
