"""A runner as GitHub has them, as far as this repository's workflows need one.

    runner = Runner(origin, home, secrets)
    ran = runner.run("cd.yml", "PROM")
    assert ran.code == 0, ran.output

It checks a branch out of a bare repository, and runs the commands of the branch's own workflow,
told what the workflow says. It stands itself for the actions that are used: a checkout, and what
Pants needs.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.build.checkout import Checkout
from tests.support.docker import run

ACTOR, RUN_ID = "anna", "4711"
"""Who pushed, and what the run is called."""

STEP_TIMEOUT = 900.0
"""Seconds."""

_CHECKOUT = "actions/checkout@"
_ALL = 2**31 - 1
"""The depth that git takes for all that there is, of a shallow repository, too."""

_DONE_BY_US = (_CHECKOUT, "./.github/actions/pants")
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")
_OF_THE_MACHINE = (
    *("HOME", "PATH", "PYENV_ROOT", "XDG_CACHE_HOME", "DOCKER_HOST"),
    *("TANDEM_PANTS_CACHE", "TANDEM_PYTHON39", "TANDEM_PYTHON313"),
)


@dataclass(frozen=True)
class Ran:
    """A run of a workflow.

    Attributes:
        code: The exit code of the last step that ran.
        output: All that the steps wrote.
    """

    code: int
    output: str


@dataclass
class Runner:
    """Runs workflows.

    Attributes:
        origin: The bare repository.
        home: Where it checks out. As on a machine of one's own, the daemon that Pants left there
            serves the next run, too.
        secrets: Those that workflows may name.
    """

    origin: Path
    home: Path
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def checkout(self) -> Path:
        """What was checked out last."""
        return self.home / "checkout"

    def run(
        self,
        workflow: str,
        branch: str,
        inputs: Mapping[str, str] | None = None,
        more: Sequence[str] = (),
    ) -> Ran:
        """Run a workflow of a branch, until a step of it fails.

        Args:
            workflow: The name of its file.
            branch: What it is run for.
            inputs: Those that it is given by hand.
            more: Options for its last command.
        """
        [job] = self._read(workflow, branch)["jobs"].values()
        self._check_out(branch, _depth(job["steps"]))
        steps = [step for step in job["steps"] if not self._is_ours(step)]
        told = {
            **{f"secrets.{name}": value for name, value in self.secrets.items()},
            **{f"inputs.{name}": value for name, value in (inputs or {}).items()},
            "github.actor": ACTOR,
            "github.run_id": RUN_ID,
            "github.token": "no-token",
        }
        output = ""
        for step in steps:
            command = " ".join([step["run"].rstrip(), *(more if step is steps[-1] else ())])
            done = self._done(command, _filled(step.get("env", {}), told))
            output += done.stdout
            if done.returncode:
                return Ran(done.returncode, output)
        return Ran(0, output)

    def close(self) -> None:
        """End what it left running."""
        Checkout(self.checkout).stop_pants()

    def _check_out(self, branch: str, depth: int) -> None:
        """As `actions/checkout` does: so many commits of it, and no other branch."""
        if not self.checkout.exists():
            run(["git", "init", "--quiet", str(self.checkout)])
            self._git("remote", "add", "origin", f"file://{self.origin}")
        self._git("clean", "-ffdqx", "--exclude=.pids", "--exclude=.pants.d")
        self._git("fetch", "--quiet", f"--depth={depth}", "--no-tags", "origin", branch)
        self._git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")

    def _git(self, *arguments: str) -> None:
        run(["git", "-C", str(self.checkout), *arguments])

    def _read(self, workflow: str, branch: str) -> dict[str, Any]:
        file = f"{branch}:.github/workflows/{workflow}"
        text = run(["git", "-C", str(self.origin), "show", file]).stdout
        content: dict[str, Any] = yaml.safe_load(text)
        return content

    def _is_ours(self, step: Mapping[str, Any]) -> bool:
        uses = step.get("uses")
        assert uses is None or uses.startswith(_DONE_BY_US), f"this runner knows no {uses}"
        return uses is not None

    def _done(self, command: str, told: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        machine = {name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ}
        return subprocess.run(  # noqa: S603  # of our own workflows
            ["/usr/bin/env", "bash", "-e", "-c", command],
            cwd=self.checkout,
            env={**machine, "CI": "true", **told},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_TIMEOUT,
            check=False,
        )


def _depth(steps: Sequence[Mapping[str, Any]]) -> int:
    """How many commits a job checks out."""
    [given] = [step["with"] for step in steps if step.get("uses", "").startswith(_CHECKOUT)]
    return int(given.get("fetch-depth", 1)) or _ALL


def _filled(env: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _EXPRESSION.sub(lambda found: told[found[1]], str(value))
        for name, value in env.items()
    }
