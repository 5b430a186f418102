"""A repository with more services: copies of one of ours, with contract, tests and image."""

from pathlib import Path

from ci.errors import CheckError

COPIED = "identity"
_PREFIX = "idcopy"
"""As long as the name that is copied, and sorted like it: so lines and imports stay as they are."""
_ROOMS = ("src/protos/tandem", "src/python/services")
_TABLE, _LIST = Path("build-support/macros.py"), "CONTRACTS = (\n"
"""It names the services, for all BUILD files: who may import what, and what runs all of them."""


def grow(checkout: Path, number: int) -> list[str]:
    """Have a checkout hold so many services more.

    Args:
        checkout: The checkout, which has the one that is copied.
        number: Of copies.

    Returns:
        Their names.

    Raises:
        CheckError: there is no list of services to name them in.
    """
    table = checkout / _TABLE
    text = table.read_text()
    if _LIST not in text:
        raise CheckError(f"{_TABLE} has no line {_LIST.strip()!r}, for the names of copies")
    names = [f"{_PREFIX}{each:02}" for each in range(1, number + 1)]
    for name in names:
        for room in _ROOMS:
            _copy(checkout / room, name)
    listed = "".join(f'    "{name}",\n' for name in names)
    table.write_text(text.replace(_LIST, f"{_LIST}{listed}"))
    return names


def _copy(room: Path, name: str) -> None:
    for file in sorted((room / COPIED).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            path = file.relative_to(room / COPIED).as_posix()
            copy = room / name / _renamed(path, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_renamed(file.read_text(), name))


def _renamed(text: str, name: str) -> str:
    return text.replace(COPIED, name).replace(COPIED.capitalize(), name.capitalize())
