import shutil
from pathlib import Path

import pytest

from services.database import migrations
from services.database.cli import Exit, main
from services.database.errors import SchemaError
from services.database.history import History
from services.database.phases import Phase
from services.database.review import review

CONCURRENTLY = """with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.create_index("ix", "accounts", ["about"], postgresql_concurrently=True)"""
NOT_VALID = "postgresql_not_valid=True"
ADDS = 'op.add_column("accounts", sa.Column("nickname", sa.Text()))'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The migrations of a release to come: those of the first release, which a test may add to."""
    copy = tmp_path / "migrations"
    for phase in Phase:
        (copy / phase).mkdir(parents=True)
        [first] = (Path(migrations.__path__[0]) / phase).glob("?0001_*.py")
        shutil.copy2(first, copy / phase)
    return copy


def add(home: Path, number: int, body: str, above: str = "") -> None:
    (home / "expand" / f"e{number:04}_change.py").write_text(
        f'''"""Change {number}."""

import sqlalchemy as sa
from alembic import op

revision = "e{number:04}"
down_revision = "e{number - 1:04}"
branch_labels = None
depends_on = None
{above}

def upgrade() -> None:
    {body}
'''
    )


def rules(home: Path, since: str = "e0001") -> list[str]:
    return [each.rule for review_ in review(History(home), since) for each in review_.findings]


def unsafe(history: History) -> list[str]:
    """What is wrong with each revision if all before it are released, as they may be."""
    line = history.revisions[Phase.EXPAND]
    reviews = [review(history, since)[0] for since in ("", *line[:-1])]
    assert [each.revision for each in reviews] == list(line)
    return [
        f"{each.revision}: {finding}"
        for each in reviews
        if not each.is_safe
        for finding in each.findings
    ]


def test_our_own_expand_migrations_leave_the_release_before_them_alone() -> None:
    assert unsafe(History()) == []


def test_what_an_earlier_revision_made_is_taken_for_released(home: Path) -> None:
    add(home, 2, ADDS)
    add(home, 3, 'op.drop_column("accounts", "about"); op.drop_column("accounts", "nickname")')
    add(home, 4, 'op.drop_table("sessions")', 'assurance = "no release ever read it"')
    assert [each.split("; ")[0] for each in unsafe(History(home))] == [
        "e0003: drop-column: accounts.about",
        "e0003: drop-column: accounts.nickname",
    ]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('op.drop_column("accounts", "about")', "drop-column"),
        ('op.drop_table("accounts")', "drop-table"),
        ('op.alter_column("accounts", "about", new_column_name="bio")', "rename-column"),
        ('op.rename_table("accounts", "people")', "rename-table"),
        ('op.alter_column("accounts", "about", type_=sa.String(9))', "change-type"),
        ('op.alter_column("accounts", "about", nullable=False)', "set-not-null"),
        ('op.add_column("accounts", sa.Column("a", sa.Text(), nullable=False))', "required-column"),
        ('op.execute("ALTER TABLE accounts DROP about")', "drop-column"),
        ('op.create_index("ix", "accounts", ["about"])', "blocking-index"),
        ('op.create_unique_constraint("uq", "accounts", ["about"])', "blocking-index"),
        ('op.create_check_constraint("ck", "accounts", "true")', "checked-rows"),
        ('op.create_foreign_key("fk", "accounts", "sessions", ["a"], ["id"])', "checked-rows"),
        (f'op.create_check_constraint("c", "accounts", "about > 0", {NOT_VALID})', "new-rule"),
        ('op.execute(sa.text("SELECT 1")).scalar()', "unread"),
        ('op.get_bind().execute(sa.text("SELECT 1")).scalar()', "unread"),
    ],
)
def test_what_would_break_the_running_release_is_found(home: Path, body: str, rule: str) -> None:
    add(home, 2, body)
    assert rules(home) == [rule]


@pytest.mark.parametrize(
    "body",
    [
        ADDS,
        'op.add_column("accounts", sa.Column("a", sa.Text(), server_default="", nullable=False))',
        f'{ADDS}; op.create_check_constraint("c", "accounts", "a(nickname)", {NOT_VALID})',
        CONCURRENTLY,
    ],
)
def test_what_only_adds_is_fine(home: Path, body: str) -> None:
    add(home, 2, body)
    assert rules(home) == []


def test_what_the_running_release_does_not_know_may_be_changed(home: Path) -> None:
    add(home, 2, 'op.create_table("notes", sa.Column("a", sa.Text()))')
    add(home, 3, 'op.drop_column("notes", "a")')
    assert rules(home, since="e0001") == []
    assert rules(home, since="e0002") == ["drop-column"]
    assert rules(home, since="e0003") == []


def test_each_revision_answers_for_the_column_as_it_leaves_it(home: Path) -> None:
    add(home, 2, f'{ADDS}; op.alter_column("accounts", "nickname", nullable=False)')
    body = 'op.alter_column("accounts", "nickname", server_default="a"); op.drop_table("sessions")'
    add(home, 3, body)
    second, third = review(History(home), "e0001")
    assert [each.rule for each in second.findings] == ["set-not-null"]
    assert [each.rule for each in third.findings] == ["drop-table"]


def test_an_assurance_with_a_reason_lets_a_revision_pass(home: Path) -> None:
    add(home, 2, 'op.drop_column("accounts", "about")', 'assurance = "no release ever read it"')
    [found] = review(History(home), "e0001")
    assert found.is_safe
    assert found.verdict == "harms nobody, as it says: no release ever read it"
    add(home, 2, 'op.drop_column("accounts", "about")', 'assurance = " "')
    [found] = review(History(home), "e0001")
    assert not found.is_safe


def test_what_is_no_revision_is_refused() -> None:
    with pytest.raises(SchemaError, match="'1' is not a revision"):
        review(History(), "1")


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "check"]) == Exit.DONE
    assert "e0001: the running release lives on with it" in capsys.readouterr().out
    assert main(["migrate", "check", "--since", "x"]) == Exit.FAILED
