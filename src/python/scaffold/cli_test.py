"""Services made and removed in a repository of the files that name all services, as they are."""

import ast
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from ruff import find_ruff_bin

import scaffold
from scaffold import cli, names
from scaffold.checkout import Checkout
from scaffold.errors import NameRefusedError
from scaffold.words import Service, plural

_ROOT = Path(scaffold.__file__).parents[3]
_EXPAND = "src/python/services/database/migrations/expand"
_HELD = (
    "deploy.toml",
    "build-support/macros.py",
    "infra/compose",
    "infra/kafka",
    "infra/nginx",
    "infra/observability",
    "pyproject.toml",
    "src/python/services/database",
    "zensical.toml",
)
_LINK = re.compile(r"\]\(([^)#]+)")
KINDS: tuple[list[str], ...] = ([], ["--web"], ["--data"], ["--web", "--data"])


def git(root: Path, *arguments: str) -> str:
    name = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(  # noqa: S603  # fixed arguments
        ["/usr/bin/env", "git", "-C", str(root), *name, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def tree(root: Path) -> str:
    """The name of all that there is, as git has it."""
    git(root, "add", "--all")
    return git(root, "write-tree")


def committed(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "As it is")
    return git(root, "rev-parse", "HEAD^{tree}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns("__pycache__", "secrets", "*_test.py")
    for path in _HELD:
        held, copy = _ROOT / path, tmp_path / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if held.is_dir():
            shutil.copytree(held, copy, ignore=left_out)
        else:
            shutil.copy2(held, copy)
    for name in ("account", "identity"):
        (tmp_path / "src/python/services" / name).mkdir()
        (tmp_path / "src/python/services" / name / "__init__.py").touch()
    (tmp_path / "pants.toml").touch()
    git(tmp_path, "init", "--quiet")
    committed(tmp_path)
    return tmp_path


def new(root: Path, *arguments: str) -> int:
    return cli.new(arguments, root)


def remove(root: Path, *arguments: str) -> int:
    return cli.remove(arguments, root)


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_a_service_that_is_made_and_removed_leaves_the_tree_as_it_was(
    root: Path, kind: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(root)
    assert new(root, "wombats", *kind) == 0
    said = capsys.readouterr().out
    assert "write   src/python/services/wombats/servicer.py" in said
    assert "./pants lint check test src/python/services/wombats::" in said
    assert "tests/database: " not in said  # all suites of the database take minutes
    assert ("tests/database/wombats_test.py" in said.partition("check it")[2]) == ("--data" in kind)
    made = committed(root)
    assert made != before
    assert remove(root, "wombats") == 0
    assert tree(root) == before
    assert not (root / "src/python/services/wombats").exists()
    # The same again, to the letter.
    assert new(root, "wombats", *kind, "--force") == 0
    assert tree(root) == made


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_a_service_of_the_longest_name_is_code_that_lint_takes(root: Path, kind: list[str]) -> None:
    assert new(root, "a" * (names.MOST - 1) + "s", *kind) == 0
    git(root, "add", "--all")
    # Not the macros, which are Pants' own dialect.
    code = git(root, "diff", "--cached", "--name-only", "--", "src/*.py", "tests/*.py").splitlines()
    for form in (("check",), ("format", "--check")):
        done = subprocess.run(  # noqa: S603  # ruff of our own lockfile, our own files
            [find_ruff_bin(), *form, "--no-cache", *code],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout


def test_services_go_in_another_order_than_they_came(root: Path) -> None:
    before = tree(root)
    for name in ("ravens", "wombats", "yaks"):
        assert new(root, name, "--force", "--web") == 0
    committed(root)
    for name in ("wombats", "yaks", "ravens"):
        assert remove(root, name, "--force") == 0
    assert tree(root) == before


@pytest.mark.parametrize("order", [("crates", "rates"), ("rates", "crates")])
def test_a_name_that_ends_as_another_does_is_told_from_it(
    root: Path, order: tuple[str, str]
) -> None:
    before = tree(root)
    for name in order:
        assert new(root, name, "--force", "--web", "--data") == 0
    committed(root)
    made = tree(root)
    # A migration goes before the one that it follows.
    last, first = reversed(order)
    assert remove(root, last) == 0
    assert new(root, last, "--force", "--web", "--data") == 0
    assert tree(root) == made
    for name in (last, first):
        assert remove(root, name, "--force") == 0
        committed(root)
    assert tree(root) == before


def test_dry_run_lists_what_a_run_writes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert new(root, "wombats", "--dry-run") == 0
    listed = {line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert tree(root) == before
    new(root, "wombats")
    git(root, "add", "--all")
    assert set(git(root, "diff", "--cached", "--name-only").splitlines()) == listed
    committed(root)
    made = tree(root)
    capsys.readouterr()
    assert remove(root, "wombats", "--dry-run") == 0
    assert {line.split()[1] for line in capsys.readouterr().out.splitlines()} == listed
    assert tree(root) == made


def test_what_python_cached_of_a_service_on_another_branch_is_no_service(root: Path) -> None:
    (root / ".gitignore").write_text("__pycache__/\n")
    before = committed(root)
    cached = root / "src/python/services/wombats/__pycache__"
    cached.mkdir(parents=True)
    (cached / "serve.cpython-313.pyc").touch()
    assert new(root, "wombats") == 0
    committed(root)
    assert remove(root, "wombats") == 0
    assert tree(root) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("identity",), "identity is there already"),
        (("order-lines",), "Try 'orderlines'"),
        (("sessions", "--data"), "the database has a table sessions"),
        (("accounts",), "nobody would tell it from account"),
    ],
)
def test_a_name_that_is_refused_writes_nothing(
    root: Path, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(root)
    assert new(root, *arguments) == 1
    assert said in capsys.readouterr().err
    assert tree(root) == before


@pytest.mark.parametrize(("module", "named"), [("models", plural), ("service", str)])
def test_no_rows_are_named_like_what_the_code_about_them_names(
    root: Path, module: str, named: Callable[[str], str]
) -> None:
    taken = Checkout(root).taken()
    code = ast.parse((root / f"src/python/services/database/{module}.py").read_text())
    # Stores are known by their contracts, which are not here.
    stores = "services.database.stores"
    imported = [
        each for each in code.body if isinstance(each, ast.ImportFrom) and each.module != stores
    ]
    found = {each.name for each in code.body if isinstance(each, ast.ClassDef)}
    found |= {alias.asname or alias.name for each in imported for alias in each.names}
    words = {each.lower() for each in found if re.fullmatch("[A-Z][a-z]+", each)}
    assert words
    for word in words:
        with pytest.raises(NameRefusedError):
            names.check(Service(named(word), data=True), taken)


def test_files_with_changes_are_edited_only_by_force(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = root / "deploy.toml"
    settings.write_text(f"{settings.read_text()}# Mine.\n")
    assert new(root, "wombats") == 1
    assert "deploy.toml" in capsys.readouterr().err
    assert not (root / "src/python/services/wombats").exists()
    assert new(root, "wombats", "--force") == 0
    assert settings.read_text().endswith("# Mine.\n")


def test_a_file_without_a_place_for_the_service_leaves_all_as_it_was(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lane = root / "infra/compose/lane.yml"
    lane.write_text(lane.read_text().replace("  database-prepare:", "  prepare-database:"))
    before = committed(root)
    assert new(root, "wombats") == 1
    assert "infra/compose/lane.yml: has no line" in capsys.readouterr().err
    assert tree(root) == before


def test_a_service_that_others_use_stays(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new(root, "wombats")
    caller = root / "src/python/services/account/prices.py"
    caller.write_text("from tandem.wombats.v1.wombats_pb2_grpc import WombatsStub\n")
    made = committed(root)
    assert remove(root, "wombats") == 1
    assert "src/python/services/account/prices.py" in capsys.readouterr().err
    assert tree(root) == made
    assert remove(root, "wombats", "--force") == 0
    assert "src/python/services/account/prices.py" in capsys.readouterr().out
    assert caller.exists()


def test_a_repository_within_and_a_name_that_is_no_text_are_not_in_the_way(root: Path) -> None:
    new(root, "wombats")
    committed(root)
    (root / "within").mkdir()
    git(root / "within", "init", "--quiet")
    (root / "within/file").touch()
    committed(root / "within")
    (root / os.fsdecode(b"caf\xe9.txt")).touch()
    assert remove(root, "wombats") == 0
    assert not (root / "src/python/services/wombats").exists()


def test_a_service_that_was_changed_stays(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    new(root, "wombats")
    servicer = root / "src/python/services/wombats/servicer.py"
    servicer.write_text(f"{servicer.read_text()}\n# More.\n")
    (root / "src/python/services/wombats/more.py").touch()
    committed(root)
    assert remove(root, "wombats") == 1
    said = capsys.readouterr().err
    assert "src/python/services/wombats/servicer.py" in said
    assert "src/python/services/wombats/more.py" in said
    assert servicer.exists()
    assert remove(root, "wombats", "--force") == 0
    assert tree(root) == before


def test_a_service_whose_calls_were_changed_stays(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(root, "wombats")
    topology = root / "infra/kafka/services.toml"
    calls = 'calls = ["tandem.identity.v1.Identity"]\n'
    topology.write_text(topology.read_text().removesuffix("calls = []\n") + calls)
    committed(root)
    assert remove(root, "wombats") == 1
    assert "infra/kafka/services.toml" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["account", "database", "identity"])
def test_what_all_else_stands_on_is_not_removed(root: Path, name: str) -> None:
    before = tree(root)
    assert remove(root, name, "--force") == 1
    assert tree(root) == before


def test_what_is_not_there_is_not_removed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert remove(root, "wombats") == 1
    assert "there are database, identity, account" in capsys.readouterr().err


def test_elsewhere_than_in_a_checkout_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, "wombats") == 1
    assert "is no checkout of Tandem" in capsys.readouterr().err


def test_a_migration_that_another_follows_stays(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(root, "wombats", "--data")
    new(root, "ravens", "--data", "--force")
    made = committed(root)
    [later] = [path.name for path in (root / _EXPAND).glob("e*_ravens.py")]
    assert remove(root, "wombats", "--force") == 1
    assert later in capsys.readouterr().err
    assert tree(root) == made


@pytest.mark.parametrize("options", KINDS, ids=" ".join)
def test_its_page_is_in_the_navigation_and_links_to_pages_alone(
    root: Path, options: list[str]
) -> None:
    assert new(root, "wombats", *options) == 0
    nav = tomllib.loads((root / "zensical.toml").read_text())["project"]["nav"]
    [services] = [entry["Services"] for entry in nav if "Services" in entry]
    assert {"Wombats": "services/wombats.md"} in services
    page = root / "docs/services/wombats.md"
    links = [os.path.normpath(f"docs/services/{link}") for link in _LINK.findall(page.read_text())]
    assert links
    assert all(link.startswith("docs/") and link.endswith(".md") for link in links)
