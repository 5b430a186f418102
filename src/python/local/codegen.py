"""Makes Python modules from the contracts: `python -m local.codegen PROTOS OUT`.

A module whose text stays the same keeps its time, so that only what depends on a changed one is
started again.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]


def generate(protos: Path, out: Path) -> list[Path]:
    """Bring the modules up to date.

    Returns:
        The modules that were written or removed; empty when all are up to date.

    Raises:
        ContractError: a contract cannot be compiled; the compiler has said why on standard error.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix="codegen-") as fresh:
        _compile(protos, sorted(protos.rglob("*.proto")), Path(fresh))
        return _take_over(Path(fresh), out)


class ContractError(Exception):
    """A contract cannot be compiled."""


def _compile(protos: Path, sources: Sequence[Path], out: Path) -> None:
    well_known = Path(protoc.__file__).parent / "_proto"
    code = protoc.main(
        [
            "protoc",
            f"-I{protos}",
            f"-I{well_known}",
            f"--python_out={out}",
            f"--grpc_python_out={out}",
            *(str(source.relative_to(protos)) for source in sources),
        ]
    )
    if code != 0:
        raise ContractError("a contract cannot be compiled")


def _take_over(fresh: Path, out: Path) -> list[Path]:
    made = {path.relative_to(fresh) for path in fresh.rglob("*.py")}
    old = {path.relative_to(out) for path in out.rglob("*.py")}
    changed = []
    for path in sorted(made):
        target = out / path
        if path in old and target.read_bytes() == (fresh / path).read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(fresh / path, target)
        changed.append(target)
    for path in sorted(old - made):
        (out / path).unlink()
        changed.append(out / path)
    return changed


def main() -> int:
    """Generate, and name what was written; gives the exit code."""
    protos, out = (Path(argument) for argument in sys.argv[1:3])
    try:
        changed = generate(protos, out)
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{path.relative_to(out)}\n" for path in changed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
