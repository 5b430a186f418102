import pytest

from bluegreen.build.fit import check_fit
from bluegreen.errors import SettingsError
from bluegreen.settings import Settings

SETTINGS = """
[project]
name = "tandem"
registry = "registry.example.com"
services = ["account"]
[build]
names = ["kafka-tools", "kafka"]
[tasks]
prove = ["kafka-topics"]
[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com/"
"""
FILES = {
    "lane.yml": """
services:
  account: {image: "${TANDEM_IMAGE_ACCOUNT:-tandem/account:dev}"}
  kafka-topics: {image: "${TANDEM_IMAGE_KAFKA_TOOLS:-tandem/kafka-tools:dev}", profiles: [task]}
""",
    "servers.yml": """
services:
  kafka: {image: "${TANDEM_IMAGE_KAFKA:-tandem/kafka:dev}"}
""",
}


def test_settings_and_files_that_speak_of_the_same_fit() -> None:
    check_fit(Settings.parse(SETTINGS), FILES)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    settings = (
        SETTINGS.replace('services = ["account"]', 'services = ["kafka"]')
        .replace('["kafka-topics"]', '["kafka-topics", "kafka-emptied", "account"]')
        .replace('names = ["kafka-tools", "kafka"]', "")
    )
    nginx = "  nginx: {image: 'nginx:latest'}\n"
    files = {**FILES, "servers.yml": FILES["servers.yml"] + nginx}
    with pytest.raises(SettingsError) as wrong:
        check_fit(Settings.parse(settings), files)
    assert wrong.value.problems == (
        "project.services: lane.yml has no service kafka",
        "project.services: lane.yml has account, which is not among them",
        "tasks.prove: lane.yml has no service kafka-emptied",
        "tasks.prove: the service account has no profile task",
        "build.names: nothing is built for ${TANDEM_IMAGE_ACCOUNT} of the service account",
        "build.names: nothing is built for ${TANDEM_IMAGE_KAFKA_TOOLS} of the service kafka-topics",
        "build.names: the service nginx has an image that no TANDEM_IMAGE_... names",
    )
