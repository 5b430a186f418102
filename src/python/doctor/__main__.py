"""Tells what this machine lacks, and for which command: `./pants run :doctor`."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bluegreen.setup.findings import Finding, problems
from doctor import looking, needs
from doctor.machine import Machine

_WELL, _IN_THE_WAY, _WRONG = 0, 1, 2
_WIDTH = 24
_EXAMPLES = """\
examples:
  ./pants run :doctor
  ./pants run :doctor -- --json | jq '.findings[] | select(.verdict != "ok")'

exit codes: 0 the README's two commands can work, 1 something is in their way, 2 wrong options

What a server lacks that releases are delivered to: ./pants run :bluegreen -- doctor"""


def main(arguments: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Look, and tell; the exit code."""
    parser = argparse.ArgumentParser(
        "./pants run :doctor --",
        description="Tell what this machine lacks, and for which command. Nothing is changed.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="for a machine")
    options = parser.parse_args(arguments)
    top = root or Path.cwd()
    if not (top / "pants.toml").exists():
        sys.stderr.write(f"{top} is no checkout of Tandem; go to its top\n")
        return _WRONG
    return tell(looking.look(top), as_json=options.json)


def tell(machine: Machine, *, as_json: bool) -> int:
    """Say what there is to say of a machine; the exit code."""
    found = {command.line: command.look(machine) for command in needs.COMMANDS}
    blocked = needs.in_the_way(found)
    sys.stdout.write(_json(found, blocked) if as_json else _text(found, blocked))
    return _IN_THE_WAY if blocked else _WELL


def _json(found: Mapping[str, Sequence[Finding]], blocked: Sequence[str]) -> str:
    told = [{"command": line, **vars(each)} for line, looks in found.items() for each in looks]
    return json.dumps({"findings": told, "in_the_way": blocked}, indent=2) + "\n"


def _text(found: Mapping[str, Sequence[Finding]], blocked: Sequence[str]) -> str:
    lines = []
    for command, looks in found.items():
        wrong = len(problems(looks))
        lines += [f"{command}{f'   lacks {wrong}' if wrong else ''}", *map(_line, looks), ""]
    end = f"cannot work yet: {' and '.join(blocked)}" if blocked else "the README's commands work"
    return "\n".join([*lines, end]) + "\n"


def _line(finding: Finding) -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"  {finding.verdict:<8} {finding.name:<{_WIDTH}} {finding.said}{advice}"


if __name__ == "__main__":
    sys.exit(main())
