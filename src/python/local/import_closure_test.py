import os
from pathlib import Path

import pytest

from local.import_closure import ImportGraph, imported

FILES = {
    "services/alpha/__init__.py": "",
    "services/alpha/__main__.py": "from services.alpha.serve import main",
    "services/alpha/serve.py": "import shared, services.alpha.texts\nfrom . import near",
    "services/alpha/texts.py": "def f():\n    from shared.deep import part",
    "services/alpha/near.py": "",
    "services/alpha/serve_test.py": "import services.alpha.only_for_tests",
    "services/alpha/only_for_tests.py": "",
    "services/alpha/templates/page.html": "",
    "services/beta/__init__.py": "import shared",
    "shared/__init__.py": "import json",
    "shared/deep/__init__.py": "",
    "shared/deep/part.py": "import shared",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def names(root: Path, files: frozenset[Path]) -> set[str]:
    return {str(path.relative_to(root)) for path in files}


def test_closure_is_all_that_the_service_imports_and_nothing_else(root: Path) -> None:
    assert names(root, ImportGraph([root]).closure("services.alpha")) == {
        "services/alpha/__init__.py",
        "services/alpha/__main__.py",
        "services/alpha/serve.py",
        "services/alpha/texts.py",
        "services/alpha/near.py",
        "shared/__init__.py",
        "shared/deep/__init__.py",
        "shared/deep/part.py",
    }


def test_generated_module_of_a_second_root_counts(root: Path, tmp_path: Path) -> None:
    generated = tmp_path / "generated" / "contract" / "v1" / "alpha_pb2.py"
    generated.parent.mkdir(parents=True)
    generated.write_text("")
    (root / "services/alpha/near.py").write_text("from contract.v1 import alpha_pb2")
    graph = ImportGraph([root, tmp_path / "generated"])
    assert generated in graph.closure("services.alpha")


def test_new_import_is_found_at_the_next_question(root: Path) -> None:
    graph = ImportGraph([root])
    graph.closure("services.beta")
    (root / "services/beta/__init__.py").write_text("import shared.deep.part")
    assert root / "shared/deep/part.py" in graph.closure("services.beta")


def test_file_that_cannot_be_parsed_keeps_what_it_imported(root: Path) -> None:
    graph = ImportGraph([root])
    before = graph.closure("services.alpha")
    (root / "services/alpha/serve.py").write_text("import shared\ndef (")
    assert graph.closure("services.alpha") == before


def test_unchanged_file_is_not_read_again(root: Path) -> None:
    graph = ImportGraph([root])
    file = root / "services/beta/__init__.py"
    status = file.stat()
    graph.closure("services.beta")
    file.write_text("import other!")  # as long as before, and as old
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert root / "shared/__init__.py" in graph.closure("services.beta")


def test_resource_belongs_to_the_package_around_it(root: Path) -> None:
    graph = ImportGraph([root])
    owner = root / "services/alpha/__init__.py"
    assert graph.owner_of(root / "services/alpha/templates/page.html") == owner
    assert graph.owner_of(root / "services/alpha/near.py") is None
    assert graph.owner_of(root / "services/alpha/BUILD") is None
    assert graph.owner_of(root / "services/page.html") is None


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b as c", {"a.b"}),
        ("from a import b, c", {"a", "a.b", "a.c"}),
        ("from . import b", {"p.q", "p.q.b"}),
        ("from ..r import b", {"p.r", "p.r.b"}),
        ("def f():\n  if x:\n    import a", {"a"}),
    ],
)
def test_imports_are_named_wherever_they_stand(source: str, names: set[str]) -> None:
    assert set(imported(source.encode(), "p.q")) == names
