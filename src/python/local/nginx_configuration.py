"""Renders nginx's configuration: `python -m local.nginx_configuration SOURCE OUT NAME=VALUE ...`.

What nginx refuses does not replace what was there.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.nginx import command

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_SUFFIX = ".template"
_TIMEOUT = 20.0  # seconds


class UnknownVariableError(Exception):
    """A template names a variable that has no value.

    Attributes:
        variable: Its name.
    """

    def __init__(self, variable: str) -> None:
        self.variable = variable
        super().__init__(f"no value for ${{{variable}}}; src/python/local/nginx.py gives them")


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Put values in the places of `${NAME}`; nginx's own variables, as `$uri`, stay.

    Raises:
        UnknownVariableError: a name has no value.
    """

    def value(found: re.Match[str]) -> str:
        try:
            return variables[found[1]]
        except KeyError:
            raise UnknownVariableError(found[1]) from None

    lines = text.splitlines(keepends=True)
    return "".join(line if _is_comment(line) else _VARIABLE.sub(value, line) for line in lines)


def render(source: Path, out: Path, variables: Mapping[str, str]) -> None:
    """Write the configuration that is for a folder into it, without TLS and for one lane, blue.

    Args:
        source: Holds `nginx.conf.template`, `templates`, `servers` and `parts`.
        out: Becomes the folder that nginx runs from.
        variables: Values, except of those that follow from the folder.

    Raises:
        UnknownVariableError: a template names a variable that has no value.
    """
    sites, parts, temporary = out / "conf.d", out / "parts", out / "temporary"
    for folder in (sites, parts, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    values = {
        **variables,
        "CONF_FOLDER": str(sites),
        "LANE_FOLDER": str(out),
        "PARTS_FOLDER": str(parts),
        "PID_FILE": str(out / "nginx.pid"),
        "TEMP_FOLDER": str(temporary),
    }
    wanted = {
        source / f"nginx.conf{_SUFFIX}": out,
        source / f"servers/plain.conf{_SUFFIX}": sites,
        **dict.fromkeys((source / "templates").glob(f"*{_SUFFIX}"), sites),
        **dict.fromkeys((source / "parts").glob(f"*{_SUFFIX}"), parts),
    }
    for template, folder in wanted.items():
        target = folder / template.name.removesuffix(_SUFFIX)
        target.write_text(substitute(template.read_text(), values))
    (out / "live.conf").write_text("default blue;\n")


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def main() -> int:
    """Render, and have nginx test it; gives the exit code."""
    source, out = (Path(argument) for argument in sys.argv[1:3])
    variables = dict(argument.split("=", 1) for argument in sys.argv[3:])
    trial = out.with_name(f"{out.name}.trial")
    try:
        render(source, trial, variables)
        test = command(trial, "-t", "-q")
        code = subprocess.run(test, check=False, timeout=_TIMEOUT).returncode  # noqa: S603
        if code == 0:
            render(source, out, variables)
    except UnknownVariableError as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
