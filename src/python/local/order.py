"""Which program comes before which."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from local.program import Program


def check_order(programs: Sequence[Program]) -> None:
    """Make sure that the programs can be started, and stopped, in some order.

    Raises:
        ValueError: two have one name, one needs what is not there, or they need each other.
    """
    names = [program.name for program in programs]
    if len(set(names)) != len(names):
        raise ValueError(f"two programs have one name: {', '.join(sorted(names))}")
    for program in programs:
        unknown = {*program.requires, *program.uses} - set(names)
        if unknown:
            raise ValueError(f"{program.name} needs {', '.join(sorted(unknown))}, not there")
    graph = {program.name: {*program.requires, *program.uses} for program in programs}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise ValueError(f"programs need each other: {' -> '.join(error.args[1])}") from None


def users_of(name: str, programs: Sequence[Program]) -> list[str]:
    """Name the programs that require or use this one."""
    return [
        program.name for program in programs if name in program.requires or name in program.uses
    ]
