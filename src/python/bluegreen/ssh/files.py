"""The deployer's files on a server, by commands of its shell (POSIX, coreutils and util-linux)."""

import copy
import hashlib
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Connection, Done

_SECONDS = 15.0
_CLOCK_SECONDS = 30.0
"""So long a look at the server's clock is good: each step wants the time more than once."""
_LOCK_SECONDS = "10"
_MISSING = 44
_OTHER = 45
_CUT_SHORT = 46

MOST_BYTES = 8 << 20
"""How long a file grows that lines are added to. Of the deployer's log that is some 700 deploys."""

_BEFORE = ".1"
"""What the name of that has which was set aside."""

_READ = f'[ -e "$1" ] || exit {_MISSING}; exec cat "$1"'

# What comes in is put beside the file, held to its length (a connection that breaks looks like its
# end), and takes its place at once; both are on the disk before the command says so.
_RECEIVE = f"""\
set -eu
umask 077
mkdir -p "$(dirname "$1")"
new=$(mktemp "$(dirname "$1")/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
cat >"$new"
[ "$(wc -c <"$new")" -eq "$2" ] || exit {_CUT_SHORT}
"""
_PLACE = """\
sync "$new"
mv "$new" "$1"
sync "$(dirname "$1")"
"""
REPLACE = _RECEIVE + _PLACE
"""The script that replaces a file: its arguments are the path, and the length of what comes in."""

_ALONE = f"""\
exec 9>"$(dirname "$1")/.turn"
flock -w {_LOCK_SECONDS} 9
"""
_SWAP = f"""\
now=$(if [ -e "$1" ]; then sha256sum <"$1" | cut -c1-64; else echo none; fi)
[ "$now" = "$3" ] || exit {_OTHER}
"""
_HELD = f"""\
case $(cat "$3" 2>/dev/null) in *"$4"*) ;; *) exit {_OTHER} ;; esac
"""
_GONE = """\
rm -f "$1"
sync "$(dirname "$1")"
"""
_APPEND = f"""\
if [ -s "$1" ] && [ -n "$(tail -c 1 "$1")" ]; then echo >>"$1"; fi
if [ -s "$1" ] && [ "$(wc -c <"$1")" -ge {MOST_BYTES} ]; then mv "$1" "$1{_BEFORE}"; fi
cat "$new" >>"$1"
sync "$1" "$(dirname "$1")"
"""
_TAIL = f"""\
for each in "$1{_BEFORE}" "$1"; do
    [ ! -e "$each" ] || cat "$each"
done | tail -n "$2"
"""


class Files:
    """The files below one folder of a server, and its clock.

    Args:
        connection: To the server.
        folder: The path of the folder there.
    """

    def __init__(self, connection: Connection, folder: str) -> None:
        self._connection = connection
        self._folder = folder
        self._end = math.inf
        self._looked: list[tuple[float, datetime]] = []

    def within(self, seconds: float) -> Self:
        """The same, to be used no longer than so many seconds from now on."""
        limited = copy.copy(self)
        limited._end = min(self._end, time.monotonic() + seconds)
        return limited

    def now(self) -> datetime:
        """The time by the server's clock, in UTC."""
        if not self._looked or time.monotonic() - self._looked[-1][0] > _CLOCK_SECONDS:
            said = self._run(["date", "+%s.%N"])
            seen = datetime.fromtimestamp(float(said.output), UTC)
            self._looked[:] = [(time.monotonic(), seen)]
        at, seen = self._looked[-1]
        return seen + timedelta(seconds=time.monotonic() - at)

    def read(self, path: str) -> str | None:
        """The content of a file; None if there is none."""
        done = self._script(_READ, path, allowed=(_MISSING,))
        return None if done.code == _MISSING else done.output

    def write(self, path: str, content: str) -> None:
        """Replace a file at once, whole and for good; its folder is made."""
        self._script(REPLACE, path, content=content)

    def write_while(self, path: str, content: str, file: str, word: str) -> bool:
        """Replace a file if another one, in the same folder, has a word, at once."""
        there, script = f"{self._folder}/{file}", _RECEIVE + _ALONE + _HELD + _PLACE
        done = self._script(script, path, there, word, content=content, allowed=(_OTHER,))
        return done.code != _OTHER

    def swap(self, path: str, before: str | None, after: str | None) -> bool:
        """Replace a file if its content is `before`, at once; None is for no file."""
        known = "none" if before is None else hashlib.sha256(before.encode()).hexdigest()
        script = _RECEIVE + _ALONE + _SWAP + (_GONE if after is None else _PLACE)
        done = self._script(script, path, known, content=after or "", allowed=(_OTHER,))
        return done.code != _OTHER

    def append(self, path: str, line: str) -> None:
        """Add a line to the end of a file; a last one that a crash cut short is ended first.

        A file that has reached `MOST_BYTES` is set aside first, in place of what was so before.
        """
        self._script(_RECEIVE + _ALONE + _APPEND, path, content=f"{line}\n")

    def tail(self, path: str, lines: int | None) -> str:
        """The last lines of a file that lines are added to; all that is left of it for None."""
        return self._script(_TAIL, path, "+1" if lines is None else str(lines)).output

    def names(self, folder: str) -> Sequence[str]:
        """The names in a folder, sorted; none if there is no such folder."""
        done = self._script('[ ! -d "$1" ] || exec ls -1 "$1"', folder)
        return sorted(done.output.splitlines())

    def remove(self, path: str) -> None:
        """Remove a file or a folder, if it is there."""
        self._script('exec rm -rf "$1"', path)

    def _script(
        self,
        script: str,
        path: str,
        *arguments: str,
        content: str | None = None,
        allowed: Sequence[int] = (),
    ) -> Done:
        size = [] if content is None else [str(len(content.encode()))]
        words = ["sh", "-c", script, "sh", f"{self._folder}/{path}", *size, *arguments]
        return self._run(words, content or "", allowed)

    def _run(self, words: Sequence[str], stdin: str = "", allowed: Sequence[int] = ()) -> Done:
        left = self._end - time.monotonic()
        if left <= 0:
            raise PortError("no time is left for the server's files")
        done = self._connection.run(words, timeout=min(left, _SECONDS), stdin=stdin)
        if done.code == _CUT_SHORT:
            raise TemporaryError("a file did not reach the server whole")
        if done.code != 0 and done.code not in allowed:
            reason = done.errors.strip() or f"exit code {done.code}"
            raise PortError(f"the server's files cannot be used: {reason}")
        return done
