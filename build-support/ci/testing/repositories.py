"""Repositories for tests."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from ci.git import Git


class Repository:
    """A repository with a remote, of real git.

    Args:
        folder: An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote.git"
        self.folder = folder / "clone"
        command = ["git", "init", "--quiet", "--bare", "--initial-branch=develop", str(self.remote)]
        subprocess.run(command, check=True)  # noqa: S603
        # What GitHub allows, too.
        Git(self.remote).run("config", "uploadpack.allowReachableSHA1InWant", "true")
        Git(folder).run("clone", "--quiet", self.url, str(self.folder))
        self.git = Git(self.folder)

    @property
    def url(self) -> str:
        """The remote's; unlike by its path, git copies of it only what is asked for."""
        return f"file://{self.remote}"

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change") -> str:
        """Write files, delete those without a content, and commit all."""
        for path, content in files.items():
            file = self.folder / path
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git.run("add", "--all")
        self.git.run("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git.run("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Begin a branch."""
        self.git.run("switch", "--quiet", "--create", name, start)

    def switch(self, name: str) -> None:
        """Go to a branch."""
        self.git.run("switch", "--quiet", name)

    def push(self, *branches: str) -> None:
        """Push branches."""
        self.git.run("push", "--quiet", "origin", *branches)

    def shallow(self, folder: Path, branch: str) -> Git:
        """A clone of a branch's last commit alone, as a runner makes one."""
        command = ("clone", "--quiet", "--depth=1", "--branch", branch, self.url, str(folder))
        Git(folder.parent).run(*command)
        return Git(folder)

    def state(self) -> tuple[str, ...]:
        """All that a check may not touch: branches, HEAD, the index, the work tree."""
        return (
            self.git.run("for-each-ref", "refs/heads", "refs/remotes", "refs/tags"),
            self.git.run("symbolic-ref", "HEAD"),
            self.git.run("ls-files", "--stage"),
            self.git.run("status", "--porcelain"),
            self.git.run("worktree", "list"),
        )
