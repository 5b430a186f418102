"""What a change of the macros reaches, if it only names other services.

BUILD files take the names from there: what stands for all services depends on a file of each, so
Pants finds it by the files that came or went.
"""

import ast
from collections.abc import Iterable

from ci.changes import Change

MACROS = "build-support/macros.py"
_LISTS = frozenset({"CONTRACTS", "SERVICES"})
_ROOM, _STARTED = "src/python/services", "__main__.py"


def only_names(before: str, after: str, changed: Iterable[Change]) -> bool:
    """Whether all that two versions differ in is services that come or go with what starts them.

    Args:
        before: The macros before.
        after: The macros after.
        changed: All files that change beside them.
    """
    try:
        (names, code), (renamed, recoded) = _split(before), _split(after)
    except SyntaxError:
        return False
    kinds = {change.path: change.kind for change in changed}

    def moves(name: str, kind: str) -> bool:
        return kinds.get(f"{_ROOM}/{name}/{_STARTED}") == kind

    return (
        code == recoded
        and all(moves(name, "A") for name in renamed - names)
        and all(moves(name, "D") for name in names - renamed)
    )


class _Lists(ast.NodeTransformer):
    """Takes names out of the lists."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple(elts=items) as listed):
                if name in _LISTS:
                    listed.elts = [item for item in items if not self._took(item)]
        return node

    def _took(self, item: ast.expr) -> bool:
        match item:
            case ast.Constant(value=str(name)):
                self.names.add(name)
                return True
        return False


def _split(macros: str) -> tuple[set[str], str]:
    """The names of services, and all that is said beside."""
    lists = _Lists()
    rest = ast.dump(lists.visit(ast.parse(macros)))
    return lists.names, rest
