"""Who runs PostgreSQL: it refuses to be root, as one often is in a container."""

import os
import pwd
import shutil
from pathlib import Path

from local.errors import PrivilegeError

_NOBODY = "nobody"
# Nobody may neither enter root's home, where the checkout and the packages may be, nor may its
# directories be opened to all users. So it keeps the one capability to pass the permissions.
_CAPABILITY = "-all,+dac_override"


def unprivileged() -> tuple[str, ...]:
    """The beginning of a command that must not run as root; empty for any other user.

    Raises:
        PrivilegeError: the user is root, and there is no way to be another.
    """
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PrivilegeError
    user = pwd.getpwnam(_NOBODY)
    return (
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        # access(2) heeds capabilities only so; PostgreSQL looks for its own files by it.
        "--securebits=+no_setuid_fixup",
        f"--inh-caps={_CAPABILITY}",
        f"--ambient-caps={_CAPABILITY}",
        f"--bounding-set={_CAPABILITY}",
    )


def give(path: Path) -> None:
    """Make the user that runs PostgreSQL the owner of a directory."""
    if os.geteuid() == 0:
        shutil.chown(path, _NOBODY)
