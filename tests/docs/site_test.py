"""The pages of `docs/` become a site, each is found in it, and no link leads nowhere."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PICTURE = re.compile(r'<img [^>]*src="([^"]+)"')
BADGE = re.compile(r"actions/workflows/([a-z]+\.yml)/badge\.svg(?:\?branch=(\w+))?\)\]")
DEFAULT = "develop"
"""The default branch, as docs/continuous-integration.md asks for it."""

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def test_the_site_is_built_and_no_link_between_pages_is_broken(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run(  # noqa: S603  # from our own lockfile
        [sys.executable, str(ROOT / "docs.pex"), "build", "--strict"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    site = tmp_path / "dist/docs"
    made = {str(page.relative_to(site).with_suffix(".md")) for page in site.rglob("*.html")}
    assert {page for page, _ in pages()} <= made


def test_each_page_has_its_place_in_the_navigation() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text())
    named = list(_pages(site["project"]["nav"]))
    assert sorted(named) == [page for page, _ in pages()]


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_of_the_repository_lead_to_pages_that_exist(page: Path) -> None:
    named = [name for name in LINK.findall(page.read_text()) if name.endswith(".md")]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_what_the_readme_shows_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    shown = [ROOT / name for name in PICTURE.findall(text)]
    assert shown
    assert [path for path in shown if not path.is_file()] == []


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_a_badge_tells_of_a_branch_that_its_workflow_runs_on(page: str) -> None:
    """Of a workflow that runs on none, GitHub shows whatever branch was last."""
    text = (ROOT / page).read_text()
    badges = BADGE.findall(text)
    assert len(badges) == text.count("badge.svg")
    untrue = [
        f"{workflow}: {branch}"
        for workflow, branch in badges
        if branch not in _branches((ROOT / ".github/workflows" / workflow).read_text())
    ]
    assert untrue == []


def test_pages_of_the_site_link_to_nothing_outside_of_it() -> None:
    outside = [
        f"{page}: {name}"
        for page, text in pages()
        for name in LINK.findall(text)
        if os.path.normpath(Path(page).parent / name).startswith("..")
    ]
    assert outside == []


def pages() -> list[tuple[str, str]]:
    """The path of each page of the site, from the top of `docs/`, with its text."""
    top = ROOT / "docs"
    return sorted((str(page.relative_to(top)), page.read_text()) for page in top.rglob("*.md"))


def _branches(workflow: str) -> set[str]:
    """The branches that a workflow runs on by itself; a schedule is the default branch's."""
    when = yaml.load(workflow, yaml.BaseLoader)["on"]  # noqa: S506 - it takes no `on` for a truth
    pushed = when.get("push", {}).get("branches", [])
    return {*pushed, *({DEFAULT} if "schedule" in when else ())}


def _pages(nav: list[Any]) -> Iterator[str]:
    """The pages in a navigation: each entry is a title, with a page or with more entries."""
    for entry in nav:
        for told in entry.values():
            if isinstance(told, str):
                yield told
            else:
                yield from _pages(told)
