"""`python -m services.database`: see `--help`."""

from services.database.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
