"""The command `./pants run :local`."""

import os
import sys
from pathlib import Path

from local.errors import LocalError
from local.exit_code import FAILED, HURRIED
from local.interpreter import require_packages


def main() -> None:
    """Run the system by the command line.

    Raises:
        SystemExit: with the exit code; `--help` names them.
    """
    try:
        require_packages()
        # Only now: these need the packages.
        from local import options, report, runner  # noqa: PLC0415

        chosen = options.parse(sys.argv[1:], Path.cwd(), os.environ)
        code = runner.run(chosen, report.Terminal())
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        code = FAILED
    except KeyboardInterrupt:  # before anything was started; later it is a wish, see StopRequest
        code = HURRIED
    raise SystemExit(code)


if __name__ == "__main__":
    main()
