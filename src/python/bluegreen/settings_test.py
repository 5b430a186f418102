from datetime import timedelta
from pathlib import Path

import pytest

from bluegreen.errors import SettingsError
from bluegreen.settings import Settings, shown
from bluegreen.step import Action
from bluegreen.watch import Limits

GOOD = """
notify = [{environment = "CHAT_URL"}]

[project]
name = "tandem"
registry = "registry.example.com:5000/tandem"
services = ["account", "database", "identity"]
registry-login = {user = "deployer", password = {environment = "REGISTRY_PASSWORD"}}

[build]
names = ["kafka", "kafka-tools", "account"]
heads = {image = "database", command = ["migrate", "heads", "--json"]}

[tasks]
check = "database-migrate migrate check --since {expand}"
expand = ["database-prepare", "database-migrate"]

[timeouts]
pull = "20m"
start = 240

[watch]
seconds = "2m"
slower = 3

[keep]
rollback-window = "2d"

[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com/"

[destinations.production]
address = "deploy@www.example.com:2222"
known-hosts = "deploy/known_hosts"
public-url = "https://www.example.com"
folder = "/srv/shop"
key = {command = ["vault", "read", "-token=s3cr3t", "key"]}
environment = {TANDEM_PORT = "443", TANDEM_ADDRESS = "0.0.0.0"}
timeouts = {start = "5m"}
watch = {seconds = 300}

[destinations.production.secrets]
postgres_password = {environment = "POSTGRES_PASSWORD"}
"kafka_admin.properties" = {command = ["vault", "read", "-token=s3cr3t", "kafka"]}
"""

LEAST = """
[project]
name = "tandem"
registry = "registry.example.com"
services = ["account"]

[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com/"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        Settings.parse(text)
    return sorted(wrong.value.problems)


def test_a_destination_has_what_holds_for_all_where_it_says_nothing_else() -> None:
    settings = Settings.parse(GOOD)
    _, staging = settings.destination("staging")
    _, production = settings.destination("production")
    assert (staging.timeouts[Action.PULL], production.timeouts[Action.PULL]) == (1200, 1200)
    assert (staging.timeouts[Action.START], production.timeouts[Action.START]) == (240, 300)
    assert staging.watch.limits() == Limits(seconds=120, slower=3)
    assert production.watch.limits() == Limits(seconds=300, slower=3)
    assert staging.timeouts[Action.WATCH] > 120
    assert production.timeouts[Action.WATCH] > 300
    assert staging.public_url == "https://staging.example.com"
    assert settings.rollback_window == timedelta(days=2)
    assert production.timeouts.keys() == set(Action)


def test_all_problems_are_told_at_once_by_their_paths() -> None:
    text = """
[project]
name = "Tandem"
registy = "registry.example.com"
services = []
registry-login = {user = "", password = "hunter2"}
[build]
command = []
images = "tandem/{service}:dev"
names = ["Kafka"]
compose = {lane = "/etc/lane.yml", server = "servers.yml"}
heads = {image = "database", command = []}
push-timeout = 0
[tasks]
expnd = ["database-migrate"]
prove = ["scenario 'x", "--all"]
check = "database-migrate check --since {since}"
expand = ["database-migrate --since {expand}", "database-prepare {", "database-prepare '{{}}'"]
publish = ["static {expand!r} {}"]
prepare = ["topics"]
prepare-again = ["topics", "routes"]
[hooks]
suceeded = {command = ["true"]}
failed = {command = []}
before.swich = {command = ["true"]}
after.end = {command = ["true"], timeout = 0}
[timeouts]
pul = 5
pull = "soon"
start = 0
[destinations.staging]
address = "staging.example.com"
public-url = "staging"
know_hosts = "x"
environment = {TANDEM_LANE = "blue", tandem = "x", TANDEM_PORT = "80'"}
[destinations.staging.secrets]
a = {}
b = {environment = "A", command = ["b"]}
c = {environment = "no name"}
[destinations.staging.watch]
failure-rate = 2
"""
    assert problems(text) == [
        "build.command: tuple should have at least 1 item after validation, not 0",
        "build.compose.lane: should be a path below the folder of the settings",
        "build.compose.server: is no setting; is it servers?",
        "build.heads.command: tuple should have at least 1 item after validation, not 0",
        "build.heads.image: is none of those that are built: Kafka",
        'build.images: should be as "tandem/{name}:dev"',
        "build.names[0]: string should match pattern '^[a-z][a-z0-9-]*$'",
        "build.push-timeout: input should be greater than 0",
        "destinations.staging.address: should be as USER@HOST or USER@HOST:PORT",
        "destinations.staging.environment.TANDEM_LANE: is set by the deployer itself",
        (
            "destinations.staging.environment.TANDEM_PORT: should have no single quote, and be "
            "one line"
        ),
        (
            "destinations.staging.environment.tandem: string should match pattern "
            "'^[A-Z_][A-Z0-9_]*$'"
        ),
        "destinations.staging.know_hosts: is no setting; is it known-hosts?",
        "destinations.staging.known-hosts: is missing",
        "destinations.staging.public-url: should be as https://HOST or https://HOST:PORT",
        (
            'destinations.staging.secrets.a: should have either environment = "NAME" or '
            'command = ["PROGRAM"]'
        ),
        (
            'destinations.staging.secrets.b: should have either environment = "NAME" or '
            'command = ["PROGRAM"]'
        ),
        (
            "destinations.staging.secrets.c.environment: string should match pattern "
            "'^[A-Za-z_][A-Za-z0-9_]*$'"
        ),
        "destinations.staging.watch.failure-rate: input should be less than or equal to 1",
        "hooks.after.end.timeout: input should be greater than 0",
        "hooks.after.end: only writes down how far it is, or undoes: hooks go with other steps",
        "hooks.before.swich: is no action; is it switch?",
        "hooks.failed.command: tuple should have at least 1 item after validation, not 0",
        "hooks.suceeded: is no setting; is it succeeded?",
        "project.name: string should match pattern '^[a-z][a-z0-9-]*$'",
        (
            "project.registry-login.password: input should be a valid dictionary or instance of "
            "Secret"
        ),
        "project.registry-login.user: string should have at least 1 character",
        "project.registry: is missing",
        "project.registy: is no setting; is it registry?",
        "project.services: tuple should have at least 1 item after validation, not 0",
        "tasks.check: has {since}, and nothing but {expand} is put in; write {{ for a brace",
        "tasks.expand[0]: has {expand}, and nothing is put in; write {{ for a brace",
        "tasks.expand[1]: has a brace alone; write {{ or }} for a brace",
        "tasks.expnd: is no setting; is it expand?",
        "tasks.prepare-again: has routes, which prepare has not",
        "tasks.prove[0]: cannot be split into words: No closing quotation",
        "tasks.prove[1]: should begin with a service of the Compose file",
        "tasks.publish[0]: has {expand!r}, and nothing is put in; write {{ for a brace",
        "timeouts.pul: is no action; is it pull?",
        'timeouts.pull: should be a number of seconds, or as "90s", "15m", "2h" or "7d"',
        "timeouts.start: input should be greater than 0",
    ]


@pytest.mark.parametrize(
    ("added", "wrong"),
    [
        ('[timeouts]\nwatch = "1m"', ["timeouts.watch: should be at least 82 s, to watch 60 s"]),
        ("[timeouts]\nwatch = 82", []),
        (
            '[timeouts]\nwatch = "10m"\n[watch]\nseconds = "10m"\ninterval = 5',
            ["timeouts.watch: should be at least 625 s, to watch 600 s"],
        ),
        (
            '[timeouts]\nwatch = "2m"\n[destinations.staging.watch]\nseconds = "2m"',
            ["timeouts.watch: should be at least 142 s, to watch 120 s"],
        ),
        (
            '[timeouts]\nwatch = "5m"\n[destinations.staging.timeouts]\nwatch = 30',
            ["destinations.staging.timeouts.watch: should be at least 82 s, to watch 60 s"],
        ),
        (
            "[timeouts]\nwatch = 30\nstart = 0",
            [
                "timeouts.start: input should be greater than 0",
                "timeouts.watch: should be at least 82 s, to watch 60 s",
            ],
        ),
        (
            "[timeouts]\nwatch = 30\n[watch]\nseconds = 0",
            ["watch.seconds: input should be greater than 0"],
        ),
    ],
)
def test_a_lane_cannot_be_watched_for_longer_than_the_step_may_take(
    added: str, wrong: list[str]
) -> None:
    if wrong:
        assert problems(f"{LEAST}\n{added}") == wrong
    else:
        Settings.parse(f"{LEAST}\n{added}")


@pytest.mark.parametrize(("watch", "timeout"), [("seconds = 5", 65), ("interval = 90", 170)])
def test_a_step_that_nothing_is_said_of_has_time_for_its_watch(watch: str, timeout: float) -> None:
    _, staging = Settings.parse(f"{LEAST}\n[watch]\n{watch}").destination(None)
    assert staging.timeouts[Action.WATCH] == timeout


def test_what_is_no_toml_is_told_by_its_place() -> None:
    assert problems("[project") == [
        "is no TOML: Expected ']' at the end of a table declaration (at end of document)"
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml is wrong:\n  cannot be read: No such"):
        Settings.load(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="it is not UTF-8"):
        Settings.load(tmp_path / "latin.toml")


@pytest.mark.parametrize("name", [None, "moon"])
def test_a_destination_that_is_none_is_refused_with_those_there_are(name: str | None) -> None:
    with pytest.raises(SettingsError, match="staging, production"):
        Settings.parse(GOOD).destination(name)


def test_the_only_destination_need_not_be_named() -> None:
    settings = Settings.parse(GOOD[: GOOD.index("[destinations.production]")])
    assert settings.destination(None)[0] == "staging"


def test_what_is_shown_holds_no_secret_and_no_argument_of_a_command() -> None:
    text = str(shown(Settings.parse(GOOD), "production"))
    assert "[REDACTED] (environment POSTGRES_PASSWORD)" in text
    assert "[REDACTED] (command vault)" in text
    assert "[REDACTED] (environment CHAT_URL)" in text
    assert "s3cr3t" not in text
    assert "[REDACTED] (environment REGISTRY_PASSWORD)" in text
    assert "'TANDEM_PORT': '443'" in text
    assert "staging" not in text


def test_secrets_are_named_by_their_paths() -> None:
    assert list(Settings.parse(GOOD).secrets("production")) == [
        "destinations.production.secrets.postgres_password",
        "destinations.production.secrets.kafka_admin.properties",
        "destinations.production.key",
        "project.registry-login.password",
        "notify[0]",
    ]
    assert list(Settings.parse(GOOD).build_secrets()) == ["project.registry-login.password"]


def test_what_is_prepared_again_is_some_of_what_is_prepared() -> None:
    table = '[tasks]\nprepare = ["topics", "routes"]\nprepare-again = ["{name}"]\n'
    (problem,) = problems(LEAST + table.replace("{name}", "keys"))
    assert problem == "tasks.prepare-again: has keys, which prepare has not"
    settings = Settings.parse(LEAST + table.replace("{name}", "topics"))
    assert settings.tasks.prepare_again == ("topics",)


def test_what_makes_secrets_is_told_where_to() -> None:
    table = '[build]\nmake-secrets = ["./make"{more}]\n'
    (problem,) = problems(LEAST + table.replace("{more}", ""))
    assert problem == "build.make-secrets: should have {folder}, where the secrets are put"
    settings = Settings.parse(LEAST + table.replace("{more}", ', "{folder}"'))
    assert settings.build.make_secrets == ("./make", "{folder}")


def test_what_is_built_is_the_services_and_what_is_named_beside_them() -> None:
    settings = Settings.parse(GOOD)
    assert settings.built == ("account", "database", "identity", "kafka", "kafka-tools")
    assert Settings.parse(LEAST).built == ("account",)


def test_a_build_needs_no_word_where_the_checkout_is_as_usual() -> None:
    settings = Settings.parse(LEAST)
    assert settings.build.compose.lane == Path("infra/compose/lane.yml")
    assert settings.build.heads is None
    assert settings.build_secrets() == {}
    assert settings.secrets("staging") == {}
    assert settings.tasks.expand == ()


def test_heads_come_from_an_image_that_is_built() -> None:
    wrong = GOOD.replace('image = "database"', 'image = "postgres"')
    assert problems(wrong) == [
        (
            "build.heads.image: is none of those that are built: account, database, identity, "
            "kafka, kafka-tools"
        )
    ]
    assert problems(wrong.replace('registry = "', 'registy = "')) == [
        (
            "build.heads.image: is none of those that are built: account, database, identity, "
            "kafka, kafka-tools"
        ),
        "project.registry: is missing",
        "project.registy: is no setting; is it registry?",
    ]
