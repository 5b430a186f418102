"""A workflow that is wrong, or dangerous, fails the build."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.commands import Command, mentioned
from tests.support.requirements import missing

TOP = Path(__file__).parents[2]
LINT = TOP / "build-support/workflows.pex"
SECONDS = 290
BOTH = ("cd.yml", "rollback.yml")
"""What changes the server."""

# Go builds actionlint in the first one.
pytestmark = pytest.mark.timeout(600)


def need_actionlint() -> None:
    go = shutil.which("go")
    if go is None:
        missing("go is not on PATH: install Go 1.25 or newer, which builds actionlint")
    command = [go, "tool", "-C", str(TOP / "3rdparty/tools/actionlint"), "actionlint", "-version"]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        missing(f"Go cannot build actionlint here: {done.stderr.strip()}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    need_actionlint()
    for part in (".github", "3rdparty/tools/actionlint"):
        shutil.copytree(TOP / part, tmp_path / part)
    return tmp_path


def lint(checkout: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(LINT), *options, str(checkout)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def replace(checkout: Path, workflow: str, old: str, new: str) -> None:
    file = checkout / ".github/workflows" / workflow
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_ours_are_well(checkout: Path) -> None:
    code, said = lint(checkout)
    assert code == 0, said
    assert "the workflows are well" in said


@pytest.mark.parametrize(
    ("workflow", "old", "new", "found"),
    [
        ("rollback.yml", '${VERSION:+"$VERSION"}', "${{ inputs.version }}", "template-injection"),
        (
            "cd.yml",
            "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
            "checkout@v7",
            "unpinned-uses",
        ),
        ("ci.yml", "permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("cd.yml", "persist-credentials: false", "persist-credentials: true", "artipacked"),
        ("nightly.yml", "timeout-minutes", "time-out-minutes", "unexpected key"),
        ("ci.yml", "github.sha", "github.shaa", "shaa"),
        ("cd.yml", "--lock-wait 600", "$OPTIONS", "SC2086"),
    ],
)
def test_what_is_wrong_or_dangerous_is_found(
    checkout: Path, workflow: str, old: str, new: str, found: str
) -> None:
    replace(checkout, workflow, old, new)
    code, said = lint(checkout)
    assert code == 1, said
    assert found in said
    assert f"{workflow}:" in said


def test_each_job_ends_in_time_and_only_reads(checkout: Path) -> None:
    """No linter asks for these."""
    for file in (checkout / ".github/workflows").glob("*.yml"):
        text = file.read_text()
        assert text.count("runs-on: ") == text.count("timeout-minutes: "), file.name
        assert ": write" not in text, file.name


@pytest.mark.parametrize("workflow", ["ci.yml", "cd.yml", "rollback.yml"])
def test_a_job_is_one_command(workflow: str) -> None:
    [job] = yaml.safe_load((TOP / ".github/workflows" / workflow).read_text())["jobs"].values()
    [command] = [step["run"] for step in job["steps"] if "run" in step]
    assert command.startswith("./pants run ")
    assert "\n" not in command.strip()


def test_a_rollback_that_waits_is_cancelled_by_no_push() -> None:
    """GitHub keeps one that waits in each group, and cancels it for the next."""
    workflows = [yaml.safe_load((TOP / ".github/workflows" / each).read_text()) for each in BOTH]
    delivery, rollback = (each["concurrency"] for each in workflows)
    assert delivery["group"] != rollback["group"]
    assert not delivery["cancel-in-progress"]
    assert not rollback["cancel-in-progress"]
    for workflow in workflows:
        [job] = workflow["jobs"].values()
        assert "--lock-wait" in job["steps"][-1]["run"]


def test_what_the_nightly_run_keeps_is_what_others_look_for_first() -> None:
    [brought] = uses(TOP / ".github/actions/pants/action.yml", "actions/cache/restore@")
    [kept] = uses(TOP / ".github/workflows/nightly.yml", "actions/cache/save@")
    first = brought["restore-keys"].splitlines()[0]
    assert kept["path"] == brought["path"]
    assert "hashFiles" in first
    assert kept["key"] == f"{first}${{{{ github.run_id }}}}"


def test_a_night_that_packaged_nothing_leaves_what_was_kept_before() -> None:
    [job] = yaml.safe_load((TOP / ".github/workflows/nightly.yml").read_text())["jobs"].values()
    [keeping] = [each for each in job["steps"] if "cache/save" in each.get("uses", "")]
    assert "hashFiles('dist/bluegreen.pex') != ''" in keeping["if"]


def test_no_other_workflow_keeps_anything_for_others() -> None:
    files = [*(TOP / ".github").glob("workflows/*.yml"), *(TOP / ".github").glob("actions/*/*.yml")]
    keeping = [file.name for file in files if uses(file, "actions/cache/save@", "actions/cache@")]
    assert keeping == ["nightly.yml"]


def uses(file: Path, *actions: str) -> list[dict[str, str]]:
    """What the steps of a workflow, or of an action, that use such an action give to it."""
    content = yaml.safe_load(file.read_text())
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    steps = [step for job in jobs for step in job["steps"]]
    return [step["with"] for step in steps if step.get("uses", "").startswith(actions)]


def test_the_page_names_the_commands_that_the_workflows_run() -> None:
    """Each is run from there by `tests/bluegreen/pipeline_test.py`."""
    assert_runs("ci.yml", mentioned("docs/continuous-integration.md", "-- --base develop"))
    assert_runs("cd.yml", mentioned("docs/continuous-integration.md", "deploy --set-up"))
    assert_runs("rollback.yml", mentioned("docs/continuous-integration.md", "rollback [VERSION]"))


def assert_runs(workflow: str, command: Command) -> None:
    """It may have more options there, and its input by a variable."""
    begin, _, _ = command.text.partition(" [")
    assert begin in (TOP / ".github/workflows" / workflow).read_text()
