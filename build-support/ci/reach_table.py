"""`./pants run build-support/ci:reach -- ...`: see `--help`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ci.checking import MakePants
from ci.command import Exit, guarded, parser_of, say
from ci.errors import CheckError
from ci.git import top_of
from ci.measuring import CASES, Measuring, table
from ci.pants import CheckoutPants

_OWN = 3
"""The services that this repository has."""

_DESCRIPTION = """\
Measures what kinds of changes reach: targets, tests, those left for the night, images, and the
seconds to find them; in a checkout of HEAD beside yours, or in one with more services, copies of
one of ours.
"""

_EXAMPLES = f"""\
examples:
  reach                           in this repository
  reach --services 50             in one with fifty services
  reach --run contract lockfile   lint, check, test and build, too; only rows with these words

changes:
  {"\n  ".join(case.name for case in CASES)}

exit codes:
  0   it is printed, and what was run is well
  1   what was run failed
  2   the command line is wrong, or git or Pants cannot be used
  130 it was interrupted
"""


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    top = parser_of("reach", _DESCRIPTION, _EXAMPLES)
    top.add_argument("words", nargs="*", metavar="WORD", help="only changes with one of these")
    top.add_argument(
        "--services", type=int, default=_OWN, metavar="NUMBER", help=f"of all ({_OWN})"
    )
    top.add_argument(
        "--run", action="store_true", help="lint, check, test and build what is reached"
    )
    return top


def run(
    arguments: argparse.Namespace, make_pants: MakePants = CheckoutPants, folder: Path | None = None
) -> Exit:
    """Do what the command line says.

    Args:
        arguments: Of `parser`.
        make_pants: Makes the Pants of a checkout.
        folder: In the repository; the current one, if none is given.

    Raises:
        CheckError: git or Pants cannot be used, or nothing is to be measured.
    """
    measuring = Measuring(top_of(folder or Path.cwd()), make_pants, say, run=arguments.run)
    words = arguments.words
    cases = tuple(case for case in CASES if not words or any(word in case.name for word in words))
    if not cases:
        raise CheckError(f"no change has one of these words: {', '.join(words)}; see --help")
    rows = list(measuring.rows(max(0, arguments.services - _OWN), cases))
    print(table(rows))
    return Exit.PASSED if all(row.passed for row in rows) else Exit.FAILED


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: with the exit code: 1, if what was run failed.
    """
    raise SystemExit(guarded(run, parser().parse_args(arguments)))


if __name__ == "__main__":
    main()
