"""The files of a new service, from templates, in the form that ruff gives code."""

import subprocess
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from ruff import find_ruff_bin

from scaffold.errors import FormatError, FormatterError
from scaffold.words import Service

_SUFFIX = ".jinja"
_TIMEOUT = 30.0  # seconds
# Pants would take a template by its own name for a file of targets.
_BUILD = "_BUILD"
_FORMS = (("check", "--select", "I", "--fix-only", "--quiet"), ("format", "--quiet"))


def rendered(root: Path, service: Service, revision: int) -> dict[str, str]:
    """The files of a service, by their paths from the top of the checkout.

    Args:
        root: The checkout, whose settings ruff follows.
        service: What is made.
        revision: The number of its migration, if it has one.

    Raises:
        FormatError: a template gives no code.
        FormatterError: ruff cannot be used.
    """
    # Other signs than Jinja2's own, which are in the templates of pages.
    environment = Environment(
        *("<%", "%>", "<<", ">>", "<#", "#>"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # code, not HTML
    )
    words = {
        "service": service,
        "name": service.name,
        "title": service.title,
        "record": service.record,
        "model": service.model,
        "revision": f"e{revision:04}",
        "before": f"e{revision - 1:04}",
    }
    made = {}
    for part in _parts(service):
        for path, template in _templates(files(__package__) / "templates" / part):
            target = path.replace("NAME", service.name).replace("REVISION", f"e{revision:04}")
            text = environment.from_string(template).render(words)
            made[target] = formatted(root, target, text) if target.endswith(".py") else text
    return made


def formatted(root: Path, path: str, code: str) -> str:
    """Code as ruff sorts and formats it at this path of the checkout.

    Raises:
        FormatError: it is no code.
        FormatterError: ruff cannot be used.
    """
    for form in _FORMS:
        try:
            done = subprocess.run(  # noqa: S603  # ruff of our own lockfile, fixed arguments
                [find_ruff_bin(), *form, "--stdin-filename", str(root / path), "-"],
                cwd=root,
                input=code,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise FormatterError(path, f"it did not end within {_TIMEOUT:g} s") from None
        except OSError as error:
            raise FormatterError(path, str(error)) from error
        if done.returncode < 0:
            raise FormatterError(path, f"it was ended by signal {-done.returncode}")
        if done.returncode:
            raise FormatError(path, done.stderr.strip())
        code = done.stdout
    return code


def _parts(service: Service) -> tuple[str, ...]:
    parts = {
        "all": True,
        "plain": not service.data,
        "data": service.data,
        "web": service.web,
    }
    return tuple(part for part, wanted in parts.items() if wanted)


def _templates(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            name = entry.name.removesuffix(_SUFFIX)
            yield prefix + ("BUILD" if name == _BUILD else name), entry.read_text()
