"""What a merge check found, for people."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ci.contracts import Orphan
from ci.merging import Conflict
from ci.outcomes import Outcomes
from ci.reach import Reach

_SHOWN = 40
"""Lines of a list; a comment of GitHub's holds 65,536 characters."""
_HASH = 12
_EXPLAINED = "The log has what was said; docs/continuous-integration.md, *When it fails*, goes on."
_RUN_LEFT = "./pants run build-support/ci:merge-check -- --whole"


@dataclass(frozen=True)
class Step:
    """One thing that was looked at.

    Args:
        name: Of the step.
        passed: Whether it is well.
        told: What is to be said of it.
        seconds: How long it took.
    """

    name: str
    passed: bool
    told: str
    seconds: float


@dataclass
class Report:
    """What a merge check found.

    Args:
        base: The name of the branch that is merged into, and its commit.
        head: The name of what is merged, and its commit.
    """

    base: tuple[str, str]
    head: tuple[str, str]
    steps: list[Step] = field(default_factory=list)
    conflicts: tuple[Conflict, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    reach: Reach | None = None
    outcomes: Outcomes | None = None

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return not self.conflicts and all(step.passed for step in self.steps)

    def markdown(self) -> str:
        """All of it, ready for a comment."""
        return "\n".join([self._title(), "", *self.found()])

    def found(self) -> list[str]:
        """What was found, in lines without a title."""
        return [*self._merge(), *self._steps(), *self._details()]

    def _title(self) -> str:
        base, _ = self.base
        if self.conflicts:
            return f"## Conflicts with `{base}`"
        if self.passed:
            return f"## Merges into `{base}`, and passes there"
        return f"## Merges into `{base}`, and fails there"

    def _merge(self) -> list[str]:
        (base, at), (head, of) = self.base, self.head
        lines = [f"`{head}` ({of[:_HASH]}) into `{base}` as it is now ({at[:_HASH]}).", ""]
        if self.conflicts:
            lines += ["| files | conflict | |", "| --- | --- | --- |"]
            lines += [
                f"| {_code(each.paths)} | {each.kind} | {each.meaning} |" for each in self.conflicts
            ]
            lines += ["", *resolve_by(base)]
        return lines

    def _steps(self) -> list[str]:
        if not self.steps:
            return []
        lines = ["| step | | | seconds |", "| --- | --- | --- | ---: |"]
        for step in self.steps:
            verdict = "passed" if step.passed else "**failed**"
            lines.append(f"| {step.name} | {verdict} | {step.told} | {step.seconds:.0f} |")
        lines.append("")
        for orphan in self.orphans:
            lines += [f"`{orphan.contract}` is deleted, and still imported by", ""]
            lines += [*_list(orphan.importers), ""]
        return lines

    def _details(self) -> list[str]:
        if self.reach is None:
            return []
        reach = self.reach
        lines = [f"`{path}` reaches `{targets}`.\n" for path, targets in reach.reasons]
        if reach.left:
            lines.append(f"{left_for_the_night(reach)}; `{_RUN_LEFT}` runs them now.\n")
        idle = self.outcomes.idle if self.outcomes else ()
        lists = (
            ("files changed", [f"{each.kind} {each.path}" for each in reach.changed]),
            ("tests", reach.tests),
            ("images", reach.images),
            *([("suites left for the night", reach.left)] if reach.left else []),
            *([("test files skipped all of theirs", idle)] if idle else []),
        )
        for name, entries in lists:
            lines.append(f"<details><summary>{len(entries)} {name}</summary>\n")
            lines += [*_list(entries), "\n</details>"]
        return lines


def refusal(reason: str, report: Report | None) -> str:
    """Why there is no verdict, what to do, and what was found until then; for a comment."""
    lines = ["## Cannot be checked", "", "```text", reason, "```", "", _EXPLAINED, ""]
    return "\n".join([*lines, *(report.found() if report else [])])


def resolve_by(base: str) -> list[str]:
    """What to do with conflicts, in Markdown."""
    return [
        "```sh",
        f"git fetch origin {base} && git merge origin/{base}",
        "# edit the files; git add them",
        "git commit && git push",
        "```",
        "",
    ]


def summary_of_reach(reach: Reach) -> str:
    """How much it is, in one line."""
    told = (
        f"{len(reach.changed)} changed files reach {len(reach.targets)} targets: "
        f"{len(reach.tests)} tests, {len(reach.images)} images"
    )
    return f"{told}; {left_for_the_night(reach)}" if reach.left else told


def left_for_the_night(reach: Reach) -> str:
    """How many suites a change of one service leaves."""
    return f"{len(reach.left)} suites about the whole system are left for the night"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _list(entries: Iterable[str]) -> list[str]:
    all_of_them = list(entries)
    lines = [f"- `{entry}`" for entry in all_of_them[:_SHOWN]]
    if len(all_of_them) > _SHOWN:
        lines.append(f"- and {len(all_of_them) - _SHOWN} more")
    return lines
