"""`./pants run build-support/ci:merge-check -- ...`: see `--help`."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ci.checking import MakePants, MergeCheck, Wanted
from ci.command import EXPLAINED, Exit, guarded, parser_of, publish, say
from ci.engine import answers
from ci.errors import CheckError
from ci.git import top_of
from ci.pants import CheckoutPants
from ci.report import Report, refusal

_DESCRIPTION = """\
Merges a branch into its base as it is now, in a temporary checkout, then lints, checks and tests
what the merge changes, and builds its images where a Docker engine answers, as tandem/NAME:dev. No
branch, file or index of yours is touched; what is not committed is not part of it. Suites about the
whole system that the change of one service reaches are left for the night.
"""

_EXAMPLES = f"""\
examples:
  merge-check                                  what CI does with HEAD and develop of origin
  merge-check --base develop --no-test         only whether it conflicts; a second
  merge-check --whole                          with what is else left for the night
  merge-check --head my-branch --summary f.md  another branch; what was found, as Markdown
  merge-check --local --base develop           into that of this repository; fetches nothing

environment:
  GITHUB_STEP_SUMMARY   a file that the summary is added to

{EXPLAINED}"""


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    top = parser_of("merge-check", _DESCRIPTION, _EXAMPLES)
    top.add_argument("--base", default="develop", metavar="BRANCH", help="(develop)")
    top.add_argument("--head", default="HEAD", metavar="REVISION", help="what is merged (HEAD)")
    top.add_argument("--remote", default="origin", help="where the base is fetched from (origin)")
    top.add_argument("--local", action="store_true", help="fetch nothing: the base is here")
    top.add_argument("--no-test", action="store_true", help="merge only")
    top.add_argument(
        "--whole", action="store_true", help="what a service leaves for the night, too"
    )
    top.add_argument("--summary", type=Path, metavar="FILE", help="where Markdown is written")
    return top


def run(
    arguments: argparse.Namespace,
    make_pants: MakePants = CheckoutPants,
    folder: Path | None = None,
    engine: Callable[[], bool] = answers,
) -> Exit:
    """Do what the command line says.

    Args:
        arguments: Of `parser`.
        make_pants: Makes the Pants of a checkout.
        folder: In the repository; the current one, if none is given.
        engine: Whether images can be built here.

    Raises:
        CheckError: git or Pants cannot be used.
    """
    wanted = Wanted(
        base=arguments.base,
        head=arguments.head,
        remote=None if arguments.local else arguments.remote,
        test=not arguments.no_test,
        whole=arguments.whole,
    )
    check = MergeCheck(top_of(folder or Path.cwd()), wanted, make_pants, say, engine)
    try:
        report = check.run()
    except CheckError as error:
        # Whoever runs this says the error, also where there is no room for a summary.
        with suppress(CheckError):
            publish(refusal(str(error), check.report), arguments.summary)
        raise
    publish(report.markdown(), arguments.summary)
    return _verdict(report)


def _verdict(report: Report) -> Exit:
    if report.conflicts:
        for conflict in report.conflicts:
            say(f"conflict: {', '.join(conflict.paths)}: {conflict.meaning} ({conflict.kind})")
        base = report.base[0]
        say(f"merge {base} into the branch, resolve, commit: git fetch && git merge origin/{base}")
        return Exit.CONFLICTS
    failed = [step.name for step in report.steps if not step.passed]
    say(
        f"FAILED: {'; '.join(failed)}" if failed else f"it merges into {report.base[0]}; all passed"
    )
    return Exit.FAILED if failed else Exit.PASSED


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: with the exit code; `--help` names them.
    """
    raise SystemExit(guarded(run, parser().parse_args(arguments)))


if __name__ == "__main__":
    main()
