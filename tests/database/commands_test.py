import json

import pytest

from services.database.cli import Exit, main
from services.database.history import History
from services.database.phases import Phase
from tests.support.database import Addresses, new_addresses, prepared
from tests.support.postgres import Postgres


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("TANDEM_SECRETS_DIR", raising=False)
    return monkeypatch


def use(environment: pytest.MonkeyPatch, addresses: Addresses) -> None:
    for name, value in addresses.environment().items():
        environment.setenv(name, value)


def test_from_nothing_to_up_to_date_by_commands(
    server: Postgres, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = new_addresses(server)
    use(environment, addresses)
    assert main(["prepare"]) == Exit.DONE
    assert main(["migrate", "status"]) == Exit.EXPAND_PENDING
    assert main(["migrate", "contract"]) == Exit.EXPAND_PENDING
    assert main(["migrate", "expand", "--lock-timeout", "1"]) == Exit.DONE
    assert main(["migrate", "status"]) == Exit.CONTRACT_PENDING
    assert main(["migrate", "contract"]) == Exit.DONE
    assert main(["migrate", "status"]) == Exit.DONE
    said = capsys.readouterr()
    for secret in addresses.environment().values():
        password = secret.split(":")[2].partition("@")[0]
        assert password not in said.out + said.err


def test_status_names_current_head_and_pending(
    server: Postgres, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(environment, prepared(server))
    main(["migrate", "status"])
    lines = capsys.readouterr().out.splitlines()
    known = History().revisions[Phase.EXPAND]
    pending = [str(len(known)), "pending"]
    assert lines[0].split() == ["expand", "current", "-", "head", known[-1], *pending]
    assert lines[1].strip().startswith("pending e0001: Add accounts")
    assert lines[1 + len(known)].split() == [
        "contract",
        "current",
        "-",
        "head",
        "c0001",
        "1",
        "pending",
    ]


def test_a_machine_reads_where_a_schema_stands_whatever_is_pending(
    server: Postgres, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(environment, prepared(server))
    assert main(["migrate", "status", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"expand": "e0000", "contract": "c0000"}
    main(["migrate", "expand"])
    capsys.readouterr()
    assert main(["migrate", "status", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {
        "expand": History().revisions[Phase.EXPAND][-1],
        "contract": "c0000",
    }


def test_a_server_that_is_not_there_is_worth_another_try(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv(
        "TANDEM_DATABASE_OWNER_URL", "postgresql://tandem_owner:secret@127.0.0.1:1/tandem"
    )
    assert main(["migrate", "status"]) == Exit.TRY_AGAIN
    said = capsys.readouterr().err
    assert "127.0.0.1:1" in said
    assert "secret" not in said
