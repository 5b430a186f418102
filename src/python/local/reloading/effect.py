"""What a saved file means: which steps run again, which servers reload, which services restart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.program import Program


@dataclass(frozen=True)
class Effect:
    """What is to be done, as names of programs.

    Attributes:
        steps: Run again, in this order.
        reloads: Servers that are told to take over what those steps made.
    """

    steps: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()


def effect_of(changed: Iterable[Path], programs: Sequence[Program]) -> Effect:
    """Decide what the steps and servers that watch directories have to do."""
    paths = tuple(changed)
    steps = tuple(program.name for program in programs if _watches(program, paths))
    reloads = tuple(
        program.name
        for program in programs
        if program.reload_signal is not None and set(steps) & set(program.requires)
    )
    return Effect(steps, reloads)


def restarts(
    changed: Iterable[Path], closures: Mapping[str, frozenset[Path]], owners: Mapping[Path, Path]
) -> tuple[str, ...]:
    """Name the services that are made of a changed file.

    Args:
        changed: The files.
        closures: The files that each service is made of.
        owners: For files that are no modules, the package that carries them.
    """
    touched = {owners.get(path, path) for path in changed}
    return tuple(name for name, files in closures.items() if files & touched)


def _watches(program: Program, paths: Sequence[Path]) -> bool:
    return any(path.is_relative_to(top) for path in paths for top in program.watches)
