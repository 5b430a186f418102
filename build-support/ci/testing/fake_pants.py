"""A Pants for tests, whose targets are files, and which depend on what they name."""

from collections.abc import Sequence
from pathlib import Path

from ci.errors import CheckError
from ci.git import Git
from ci.outcomes import REPORTS

_ALL = ":all"


class FakePants:
    """Knows code, contracts and pages; each depends on the files that its lines name.

    Lines name requirements too; a changed lockfile is a change of them all. A line `# tag` tags.

    Args:
        checkout: The checkout.
        failing: Goals that fail.
        skipping: Tests that are skipped.
    """

    def __init__(
        self, checkout: Path, failing: Sequence[str] = (), skipping: Sequence[str] = ()
    ) -> None:
        self._checkout = checkout
        self._failing = failing
        self._skipping = skipping
        self.ran: list[tuple[str, ...]] = []
        self.tested: list[str] = []
        self.contents: dict[str, str] = {}
        self.stopped = False

    def run(self, *arguments: str) -> int:
        """Remember it; what was to be tested, and what those files held."""
        self.ran.append(arguments)
        if arguments[0].startswith("--spec-files="):
            self.tested = Path(arguments[0].removeprefix("--spec-files=")).read_text().split()
            self.contents = {path: (self._checkout / path).read_text() for path in self.tested}
        if "--test-report" in arguments:
            self._report()
        return int(any(goal in arguments for goal in self._failing))

    def lines(self, *arguments: str) -> list[str]:
        """Answer `list` and `dependents`.

        Raises:
            CheckError: that goal fails.
        """
        if any(goal in arguments for goal in self._failing):
            raise CheckError(f"./pants {' '.join(arguments)} ended with 1")
        options = dict(each.split("=", 1) for each in arguments if "=" in each)
        specs = [each for each in arguments if not each.startswith("-")]
        if tag := options.get("--filter-tag-regex"):
            listed = Path(options["--spec-files"]).read_text().split()
            return [path for path in listed if f"# {tag.strip('^$')}" in self._lines(path)]
        if kind := options.get("--filter-target-type"):
            listed = Path(options["--spec-files"]).read_text().split()
            if kind.startswith("-"):
                return [path for path in listed if not path.endswith(_ALL)]
            ending = {"python_test": "_test.py", "docker_image": "image.py"}[kind]
            return [path for path in listed if path.endswith(ending)]
        # As Pants does: not what the other side changed since they met.
        if since := options.get("--changed-since"):
            changed = Git(self._checkout).run("diff", "--name-only", f"{since}...HEAD").split()
            if any(path.endswith(".lock") for path in changed):
                changed += self._requirements()
            return self._told(changed)
        if specs[0] == "dependents":
            return self._told(specs[1:])
        room = specs[1].removesuffix("::")
        return [path for path in self._targets() if path.startswith(room)]

    def stop(self) -> None:
        """Remember it."""
        self.stopped = True

    def _report(self) -> None:
        folder = self._checkout / REPORTS
        folder.mkdir(parents=True, exist_ok=True)
        for path in (each for each in self.tested if each.endswith("_test.py")):
            module = path.removesuffix(".py").replace("/", ".")
            skipped = "<skipped/>" if path in self._skipping else ""
            case = f'<testcase classname="{module}" name="test_it">{skipped}</testcase>'
            (folder / f"{module}.xml").write_text(f"<testsuite>{case}</testsuite>")

    def _told(self, roots: Sequence[str]) -> list[str]:
        """What depends on roots; and, as of Pants, targets that stand for all of a folder."""
        found = self._reached(roots)
        return sorted(found | {f"{Path(path).parent}{_ALL}" for path in found})

    def _targets(self) -> list[str]:
        files = Git(self._checkout).run("ls-files").split()
        return [path for path in files if path.endswith((".py", ".proto")) or _is_page(path)]

    def _lines(self, path: str) -> list[str]:
        """None of what stands for all of a folder."""
        file = self._checkout / path
        return file.read_text().splitlines() if file.is_file() else []

    def _requirements(self) -> list[str]:
        return [line for path in self._targets() for line in self._lines(path) if "#" in line]

    def _reached(self, roots: Sequence[str]) -> set[str]:
        targets = self._targets()
        # Requirements are no files, and targets all the same.
        found = {root for root in roots if root in targets or "#" in root}
        found |= {path for path in targets if f"{Path(path).parent}:" in roots}
        waiting = [*found]
        while waiting:
            root = waiting.pop()
            for path in set(targets) - found:
                if root in self._lines(path):
                    found.add(path)
                    waiting.append(path)
        return {path for path in found if path in targets}


def _is_page(path: str) -> bool:
    return path.startswith("docs/")
