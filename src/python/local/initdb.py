"""Makes PostgreSQL's cluster: `python -m local.initdb DATA PASSWORD_FILE`.

The cluster is made beside its place and moved there when it is whole.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from local.postgres import SUPERUSER, binaries
from local.privilege import give, unprivileged

_TIMEOUT = 120.0  # seconds


def main() -> int:
    """Make the cluster, unless it is there; gives initdb's exit code."""
    data, password = (Path(argument) for argument in sys.argv[1:3])
    if data.exists():
        return 0
    unfinished = data.with_name(f"{data.name}.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    give(unfinished)
    command = (
        *unprivileged(),
        *(str(binaries() / "initdb"), "-D", str(unfinished), "-U", SUPERUSER),
        *("--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8"),
        # The same order of texts on every system, whatever locales it has.
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--no-sync", "--no-instructions"),
    )
    code = subprocess.run(command, check=False, timeout=_TIMEOUT).returncode  # noqa: S603
    if code == 0:
        unfinished.rename(data)
    return code


if __name__ == "__main__":
    sys.exit(main())
