"""The commands that bring a schema up to date, as the page has them."""

from pathlib import Path

from services.database import __main__ as _database  # noqa: F401 - run as a process
from services.database.cli import Exit
from tests.docs.commands import Command, documented
from tests.docs.programs import PYTHON, on_path
from tests.support.database import new_addresses
from tests.support.postgres import Postgres


def test_a_schema_comes_from_nothing_to_up_to_date(server: Postgres, tmp_path: Path) -> None:
    told = {**on_path(tmp_path / "bin", PYTHON), **new_addresses(server).environment()}

    def ended(command: Command) -> tuple[int, str]:
        done = command.run(folder=tmp_path, environment=told)
        return done.code, done.said

    code, said = ended(documented("docs/migrations.md", "python -m services.database prepare"))
    assert code == Exit.DONE, said
    looking = documented("docs/migrations.md", "python -m services.database migrate status")
    assert ended(looking)[0] == Exit.EXPAND_PENDING
    code, said = ended(documented("docs/migrations.md", "migrate check"))
    assert code == Exit.DONE, said
    code, said = ended(documented("docs/migrations.md", "migrate expand"))
    assert code == Exit.DONE, said
    code, said = ended(documented("docs/migrations.md", "migrate contract"))
    assert code == Exit.DONE, said
    code, newest = ended(documented("docs/migrations.md", "migrate heads"))
    assert code == Exit.DONE, newest
    code, said = ended(looking)
    assert (code, said.count("up to date")) == (Exit.DONE, 2)
    assert [
        head for head in newest.split() if head.startswith(("e0", "c0")) and head not in said
    ] == []
