"""`./pants run build-support/ci:changed -- ...`: see `--help`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ci.changes import snapshot
from ci.checking import MakePants
from ci.command import Exit, guarded, legible, parser_of, say
from ci.git import top_of
from ci.history import ancestor, commit_of
from ci.pants import CheckoutPants
from ci.reach import Reach, Reaching
from ci.report import summary_of_reach
from ci.worktree import worktree

_DESCRIPTION = """\
What your work tree, since it left a base, reaches: tests to run, images to build.
Files that nobody committed count.
"""

_EXAMPLES = """\
examples:
  changed --base develop           files, tests and images, a line each
  changed --base HEAD --json       of what is not committed; for machines

exit codes:
  0   it is printed
  2   the command line is wrong, or git or Pants cannot be used
"""


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    top = parser_of("changed", _DESCRIPTION, _EXAMPLES)
    top.add_argument("--base", default="develop", metavar="REVISION", help="(develop)")
    top.add_argument("--json", action="store_true", help="for machines")
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
        CheckError: git or Pants cannot be used.
    """
    git = top_of(folder or Path.cwd())
    now = snapshot(git)
    base = ancestor(git, commit_of(git, arguments.base), now)
    with worktree(git, now) as tree:
        pants = make_pants(tree.folder)
        try:
            reach = Reaching(tree, pants).of(base, now)
        finally:
            pants.stop()
    print(
        json.dumps(_document(base, reach), indent=2) if arguments.json else legible(_lines(reach))
    )
    say(summary_of_reach(reach))
    return Exit.PASSED


def _lines(reach: Reach) -> str:
    return "\n".join(
        [
            *(f"file    {change.kind} {change.path}" for change in reach.changed),
            *(f"reaches {targets}, by {path}" for path, targets in reach.reasons),
            *(f"test    {test}" for test in reach.tests),
            *(f"image   {image}" for image in reach.images),
            *(f"night   {test}" for test in reach.left),
        ]
    )


def _document(base: str, reach: Reach) -> dict[str, object]:
    return {
        "base": base,
        "files": {change.path: change.kind for change in reach.changed},
        "reasons": dict(reach.reasons),
        "targets": list(reach.targets),
        "tests": list(reach.tests),
        "images": list(reach.images),
        "left": list(reach.left),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: with the exit code; `--help` names them.
    """
    raise SystemExit(guarded(run, parser().parse_args(arguments)))


if __name__ == "__main__":
    main()
