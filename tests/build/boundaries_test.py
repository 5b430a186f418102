"""The table "may import" of docs/architecture.md, as Pants enforces it."""

import pytest

from tests.build.checkout import Checkout
from tests.docs.commands import block

# Pants' first look at the repository may take minutes where other suites run.
pytestmark = pytest.mark.timeout(600)

FORBIDDEN = [
    ("grpc_kafka/protocol", "grpc"),
    ("grpc_kafka", "chassis.tokens"),
    ("grpc_kafka", "tandem.identity.v1.identity_pb2"),
    ("chassis", "services.identity.settings"),
    ("chassis", "sqlalchemy"),
    ("chassis", "tandem.identity.v1.identity_pb2"),
    ("services/database", "services.identity.settings"),
    ("services/database", "confluent_kafka"),
    ("services/identity", "psycopg"),
    ("services/identity", "services.account.settings"),
    ("services/account", "alembic"),
    ("services/account", "grpc_kafka.aio"),
    ("bluegreen", "grpc_kafka"),
    ("bluegreen", "services.identity.settings"),
    ("bluegreen", "sqlalchemy"),
    ("local", "services.identity.settings"),
    ("local", "sqlalchemy"),
]

ALLOWED = [
    ("grpc_kafka", "confluent_kafka"),
    ("chassis", "grpc_kafka.aio"),
    ("services/database", "sqlalchemy"),
    ("services/identity", "tandem.database.v1.accounts_pb2_grpc"),
]


@pytest.mark.parametrize(("room", "module"), FORBIDDEN)
def test_a_forbidden_import_is_an_error_of_the_build(
    checkout: Checkout, room: str, module: str
) -> None:
    with checkout.file(f"src/python/{room}/intruder.py", f"import {module}\n") as path:
        done = checkout.pants("dependencies", path)
    assert done.returncode != 0, done.stdout
    assert f"{path} has" in done.stdout
    assert "dependency violation" in done.stdout


def test_a_service_that_imports_another_is_refused_in_the_words_of_the_page(
    checkout: Checkout,
) -> None:
    path = "src/python/services/account/service.py"
    with checkout.file(path, "import services.identity.settings\n"):
        done = checkout.pants("dependencies", path)
    assert done.returncode != 0, done.stdout
    assert block("docs/troubleshooting.md", "", "dependency violation") in done.stdout


@pytest.mark.parametrize(("room", "module"), ALLOWED)
def test_an_import_that_the_table_allows_is_none(
    checkout: Checkout, room: str, module: str
) -> None:
    with checkout.file(f"src/python/{room}/guest.py", f"import {module}\n") as path:
        done = checkout.pants("dependencies", path)
    assert done.returncode == 0, done.stdout
    assert "cannot infer owners" not in done.stdout


def test_a_new_room_may_import_nothing_before_it_is_in_the_table(checkout: Checkout) -> None:
    with (
        checkout.file("src/python/attic/BUILD", "python_sources()\n"),
        checkout.file("src/python/attic/box.py", "import chassis\n") as path,
    ):
        done = checkout.pants("dependencies", path)
    assert done.returncode != 0, done.stdout
    assert "dependency violation" in done.stdout


def test_the_work_tree_breaks_no_rule(checkout: Checkout) -> None:
    done = checkout.pants("dependencies", "::")
    assert done.returncode == 0, done.stdout
