"""What a look at this machine shows: facts, not yet judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Engine:
    """Docker, as its client here tells of it.

    Attributes:
        version: Of the engine; empty if none answers.
        compose: Of the Compose plugin; empty if there is none.
        buildx: Of the plugin that builds; empty if there is none.
        said: What was said instead of a version, by the name of the attribute.
        lacks: Base images that the engine does not have.
    """

    version: str = ""
    compose: str = ""
    buildx: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """This machine, and the checkout on it.

    Attributes:
        root: Whether the user is root.
        launcher: The official launcher of Pants; empty if there is none.
        pythons: The interpreter of each version that `./pants` finds; empty if it finds none.
        programs: Where each program is; empty if it is nowhere.
        git: The version of git; empty if there is none.
        java: The version of Java; 0 if there is none.
        free_bytes: On the disk of the checkout, and on that of what Pants keeps.
        memory: Bytes that programs can have; None where that is not told.
        open_files: How many files a process may have open.
        watches: How many folders this user may watch; None where there is no such limit.
        folders: How many the checkout has.
        base: The first of the ports of `:local`.
        taken: Who listens on which of those ports.
        runs_at: Where `:local` of this checkout answers; empty if it does not run.
        engine: Docker.
        environment: The variables that tell suites where their servers are.
        kept: What `.ci/run` fetched that these variables may name.
        placeholders: Whether deploy.toml still names the servers of the example.
    """

    root: bool
    launcher: str
    pythons: Mapping[str, str]
    programs: Mapping[str, str]
    git: str
    java: int
    free_bytes: Mapping[str, int]
    memory: int | None
    open_files: int
    watches: int | None
    folders: int
    base: int
    taken: Mapping[int, str]
    runs_at: str
    engine: Engine
    environment: Mapping[str, str]
    kept: Mapping[str, str]
    placeholders: bool
