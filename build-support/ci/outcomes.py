"""What came of tests, as pytest writes it for machines: a file that passed may have skipped all."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

REPORTS = "dist/test/reports"
"""Where Pants puts what `--test-report` asks for."""

_MODULE = re.compile(r"[\w.]*?_test\b")


@dataclass(frozen=True)
class Outcomes:
    """How tests ended.

    Args:
        passed: How many passed.
        skipped: How many were skipped.
        failed: How many did neither.
        idle: The modules of which all were skipped.
    """

    passed: int
    skipped: int
    failed: int
    idle: tuple[str, ...]

    def __str__(self) -> str:
        """In one line."""
        told = f"{self.passed} tests passed, {self.skipped} were skipped"
        if self.failed:
            told += f", {self.failed} failed"
        return f"{told}; {len(self.idle)} files skipped all of theirs" if self.idle else told


def outcomes(checkout: Path) -> Outcomes:
    """What is in the reports of a checkout."""
    counted = {"passed": 0, "skipped": 0, "failed": 0}
    kinds: dict[str, set[str]] = defaultdict(set)
    for report in sorted((checkout / REPORTS).rglob("*.xml")):
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest's own
            kind = _kind(case)
            counted[kind] += 1
            kinds[_module(case)].add(kind)
    idle = sorted(module for module, found in kinds.items() if found == {"skipped"})
    return Outcomes(**counted, idle=tuple(idle))


def _kind(case: ET.Element) -> str:
    found = {child.tag for child in case}
    if found & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in found else "passed"


def _module(case: ET.Element) -> str:
    """Of a module that skips itself pytest says no class, but names it as a test."""
    name = case.get("classname") or case.get("name") or ""
    found = _MODULE.match(name)
    return found.group() if found else name
