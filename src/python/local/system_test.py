import stat
from pathlib import Path

import pytest

from local import system
from local.checkout import Checkout
from local.errors import CheckoutError
from local.options import Options
from local.order import check_order
from local.port_block import PortBlock
from local.program import Program, address_of, resolve

PORTS = PortBlock(8080)
TOPOLOGY = """
[applications.database]
serves = ["shop.v1.Store"]
calls = []

[applications.shipping]
serves = ["shop.v1.Shipping"]
calls = ["shop.v1.Store"]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    for folder in ("src/python/services", "src/protos", "infra/nginx/templates"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "infra" / "kafka").mkdir()
    (tmp_path / "infra" / "kafka" / "services.toml").write_text(TOPOLOGY)
    found = Checkout.find(tmp_path / "src" / "python")
    found.make_state()
    return found


def programs(checkout: Checkout, options: Options | None = None) -> dict[str, Program]:
    made = system.programs(checkout, PORTS, options or Options())
    check_order(made)
    return {program.name: program for program in made}


def test_first_start_makes_what_later_ones_find(checkout: Checkout) -> None:
    first = programs(checkout)
    assert {"initdb", "keys"} <= first.keys()
    (checkout.state / "postgres").mkdir()
    keys = checkout.state / "secrets" / "signing-keys"
    keys.mkdir()
    (keys / "1.pem").touch()
    assert first.keys() - programs(checkout).keys() == {"initdb", "keys"}


def test_services_wait_for_what_they_need_and_stop_before_it(checkout: Checkout) -> None:
    made = programs(checkout)
    assert set(made["database"].requires) == {"broker", "codegen", "migrate"}
    assert made["identity"].uses == ("database",)
    assert made["nginx"].uses == ("account",)
    assert made["migrate"].requires == ("prepare",)


def test_a_service_that_needs_a_broker_alone_is_run_by_its_name_in_the_topology(
    checkout: Checkout,
) -> None:
    made = programs(checkout)
    shipping = made["shipping"]
    assert shipping.module == "services.shipping"
    assert set(shipping.requires) == {"broker", "codegen"}
    assert shipping.uses == ("database",)
    assert shipping.port not in PORTS.named().values()
    assert shipping.env.keys() < made["identity"].env.keys()


def test_a_service_with_a_route_is_behind_nginx_with_its_static_files(checkout: Checkout) -> None:
    (checkout.nginx / "parts").mkdir()
    (checkout.nginx / "parts" / "shipping.route.template").touch()
    made = programs(checkout)
    assert made["shipping"].env["TANDEM_PUBLIC_URL"] == "http://127.0.0.1:8080"
    assert made["nginx"].uses == ("account", "shipping")
    assert "shipping-static" in made["nginx"].requires
    assert made["shipping-static"].watches == (checkout.sources / "services/shipping/static",)
    assert f"BLUE_SHIPPING=127.0.0.1:{made['shipping'].port}" in made["configure"].argv


def test_embedded_broker_is_told_to_services_when_its_address_is_known(checkout: Checkout) -> None:
    account = programs(checkout)["account"]
    assert account.needs_address_of("broker")
    told = account.env["TANDEM_KAFKA_BOOTSTRAP_SERVERS"]
    assert told == address_of("broker")
    assert resolve(told, {"broker": "127.0.0.1:4711"}) == "127.0.0.1:4711"
    assert "fetch.wait.max.ms" in account.env["TANDEM_KAFKA_OPTIONS"]


def test_named_kafka_replaces_the_broker_and_gets_topics(checkout: Checkout) -> None:
    made = programs(checkout, Options(kafka="kafka:9092"))
    assert "broker" not in made
    assert "topics" in made["identity"].requires
    assert made["identity"].env["TANDEM_KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9092"
    assert made["identity"].env["TANDEM_KAFKA_OPTIONS"] == "{}"


def test_named_postgres_replaces_the_server(checkout: Checkout) -> None:
    options = Options(postgres="postgresql://root:pass%2Fword@db:5433/postgres?sslmode=require")
    made = programs(checkout, options)
    assert {"postgres", "initdb"}.isdisjoint(made)
    assert made["prepare"].env["TANDEM_DATABASE_ADMIN_URL"] == options.postgres
    url = made["database"].env["TANDEM_DATABASE_URL"]
    assert url.startswith("postgresql://tandem_app:")
    assert url.endswith("@db:5433/tandem?sslmode=require")
    assert PORTS.postgres not in {program.port for program in made.values()}


def test_superuser_is_known_to_prepare_alone(checkout: Checkout) -> None:
    made = programs(checkout)
    holders = {name for name, p in made.items() if "TANDEM_DATABASE_ADMIN_URL" in p.env}
    owners = {name for name, p in made.items() if "TANDEM_DATABASE_OWNER_URL" in p.env}
    assert holders == {"prepare"}
    assert owners == {"prepare", "migrate"}


def test_no_password_is_an_argument_that_others_see(checkout: Checkout) -> None:
    made = programs(checkout)
    secrets = {path.read_text() for path in (checkout.state / "secrets").iterdir()}
    assert len(secrets) == 4
    seen = " ".join(argument for program in made.values() for argument in program.argv)
    assert not any(secret in seen for secret in secrets)


def test_data_is_for_its_owner_and_not_for_git(checkout: Checkout) -> None:
    assert stat.S_IMODE(checkout.state.stat().st_mode) == 0o700
    assert (checkout.state / ".gitignore").read_text() == "*\n"


def test_directory_outside_of_a_checkout_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="not inside a checkout") as refused:
        Checkout.find(tmp_path)
    assert refused.value.path == tmp_path.resolve()
