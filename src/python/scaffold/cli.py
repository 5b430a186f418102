"""The command lines of `:new-service` and `:remove-service`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scaffold import plans, writing
from scaffold.checkout import Checkout
from scaffold.errors import ScaffoldError
from scaffold.names import LEAST, MOST
from scaffold.plans import Plan
from scaffold.words import Service

_DONE, _REFUSED, _INTERRUPTED = 0, 1, 130
_ENDS = """\
exit codes: 0 done, 1 refused or failed and nothing is written, 2 wrong options, 130 interrupted"""
_NEW = f"""\
examples:
  ./pants run :new-service -- orders                  a service that answers gRPC calls
  ./pants run :new-service -- orders --data           and keeps rows in the database
  ./pants run :new-service -- orders --web --data     and has pages at /orders
  ./pants run :new-service -- orders --dry-run        lists what would be written

A name is one word of {LEAST} to {MOST} letters; with --data it is the plural of what a row is.
docs/adding-a-service.md says what each file is for.

{_ENDS}"""
_REMOVE = f"""\
examples:
  ./pants run :remove-service -- orders               takes back all that :new-service wrote
  ./pants run :remove-service -- orders --dry-run     lists what would be removed
  ./pants run :remove-service -- orders --force       also what was changed since, or is used

{_ENDS}"""


def new(arguments: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Make a service; the exit code."""
    parser = _parser(
        "new-service", "Make a service, and name it wherever services are named.", _NEW
    )
    parser.add_argument("--web", action="store_true", help="with pages behind nginx")
    parser.add_argument("--data", action="store_true", help="with rows in the database")
    options = parser.parse_args(arguments)
    service = Service(options.name, web=options.web, data=options.data)

    def plan(checkout: Checkout) -> Plan:
        return plans.new(checkout, service, force=options.force)

    return _carried_out(options, root or Path.cwd(), plan, lambda _plan: _next(service))


def remove(arguments: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Remove a service; the exit code."""
    parser = _parser("remove-service", "Remove a service that :new-service made.", _REMOVE)
    options = parser.parse_args(arguments)

    def plan(checkout: Checkout) -> Plan:
        return plans.removal(checkout, options.name, force=options.force)

    return _carried_out(options, root or Path.cwd(), plan, lambda made: _left(options.name, made))


def _parser(command: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        f"./pants run :{command} --",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", help="the service, such as orders")
    parser.add_argument("--dry-run", action="store_true", help="only list the files")
    parser.add_argument("--force", action="store_true", help="also where files were changed")
    return parser


def _carried_out(
    options: argparse.Namespace,
    root: Path,
    plan: Callable[[Checkout], Plan],
    advice: Callable[[Plan], str],
) -> int:
    try:
        checkout = Checkout.at(root)
        made = plan(checkout)
        sys.stdout.write("".join(f"{line}\n" for line in _listed(made)))
        if not options.dry_run:
            writing.write(checkout.root, made.files)
            sys.stdout.write(advice(made))
    except ScaffoldError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}; nothing was written\n")
        return _REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was written\n")
        return _INTERRUPTED
    return _DONE


def _listed(plan: Plan) -> list[str]:
    lines = []
    for path, content in sorted(plan.files.items()):
        verb = "remove" if content is None else "edit" if path in plan.edited else "write"
        lines.append(f"{verb:<6}  {path}")
    return lines


def _next(service: Service) -> str:
    name = service.name
    rooms = f"src/python/services/{name}:: src/protos/tandem/{name}::"
    if service.data:
        tests = f"tests/database/{name}_test.py tests/database/migrations_test.py"
        rooms += f" src/python/services/database/stores:: src/protos/tandem/database:: {tests}"
    site = f"\n  then open           http://127.0.0.1:8080/{name}" if service.web else ""
    return f"""
{name} is made. Next:
  look at it          git status; git diff
  check it            ./pants lint check test {rooms}
  run it              ./pants run :local{site}
  have its password   ./pants run infra/compose:secrets    (for docker compose)
  go on               docs/adding-a-service.md: a method, a table, a call
  undo it             ./pants run :remove-service -- {name}
"""


def _left(name: str, plan: Plan) -> str:
    said = f"\n{name} is removed; infra/compose/secrets keeps its password until you delete it.\n"
    if plan.left:
        named = "".join(f"  {path}\n" for path in plan.left)
        said += f"These still name it, and are yours to mend:\n{named}"
    return said
