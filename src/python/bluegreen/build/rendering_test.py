import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from bluegreen.build.rendering import render
from bluegreen.errors import DocumentError, PortError

SERVICE = """
name: ${PROJECT:-tandem}-${LANE:?blue or green}
services:
  account:
    image: ${IMAGE:-tandem/account:${VERSION:-dev}}
    command: [echo, "$$HOME is $HOME", !reset null]
"""


class Compose:
    """Prints a file as it is, with no more in it than YAML; notes what it was told."""

    def __init__(self, **changes: str) -> None:
        self.seen: list[str] = []
        self.environments: list[Mapping[str, str]] = []
        self._changes = changes

    def __call__(self, command: Sequence[str], environment: Mapping[str, str]) -> str:
        text = Path(command[command.index("--file") + 1]).read_text().replace("!reset", "")
        self.seen.append(text)
        self.environments.append(environment)
        model = yaml.safe_load(text)
        # The last question is what the rendered file means.
        return json.dumps(model | self._changes if len(self.seen) == 3 else model)


def written(folder: Path, text: str) -> Path:
    file = folder / "lane.yml"
    file.write_text(text)
    return file


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(DocumentError) as wrong:
        render(written(folder, text), Compose())
    return wrong.value.problems


def test_compose_sees_no_variable_and_all_are_there_afterwards(tmp_path: Path) -> None:
    compose = Compose()
    content = yaml.safe_load(render(written(tmp_path, SERVICE), compose))
    assert content == yaml.safe_load(SERVICE.replace("!reset", ""))
    assert "$" not in compose.seen[0].replace("$$", "")
    assert compose.environments[1:] == [{"LANE": "any"}, {"LANE": "any"}]


def test_a_file_that_would_mean_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="would mean something else") as refused:
        render(written(tmp_path, SERVICE), Compose(name="other"))
    assert refused.value.detail == (
        "name: '${PROJECT:-tandem}-${LANE:?blue or green}' became 'other'"
    )


def test_all_that_a_server_cannot_have_is_told_at_once(tmp_path: Path) -> None:
    text = """
services:
  account:
    build: .
    env_file: account.env
    volumes: [{type: bind, source: ../conf, target: /conf}, {type: bind, source: /etc, target: /e}]
secrets:
  here: {file: secrets/here}
  there: {file: "${SECRETS:-./secrets}/there"}
  set: {environment: SET}
"""
    assert problems(tmp_path, text) == (
        "services.account.build: needs the checkout, and a server has none",
        "services.account.env_file: needs the checkout, and a server has none",
        "services.account.volumes[0]: ../conf is in the checkout, and a server has none",
        "secrets.here.file: secrets/here is in the checkout, and a server has none",
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = "services: {account: {extends: {file: ../common.yml, service: task}}}"
    with pytest.raises(DocumentError, match=r"/common\.yml is not understood:\n  cannot be read"):
        render(written(tmp_path, text), Compose())


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    assert "is no YAML" in problems(tmp_path, "services: [")[0]
