"""What an expand migration must not do to the release that serves. Pure: SQL in, findings out.

Not a parser of SQL: it knows the statements that Alembic writes and people write by hand, and
takes quoted texts and comments out first. What is made in the same migrations nobody uses yet, so
it may be changed at will. What is done inside of a function's body is not seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = r'(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?'
_HIDDEN = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(\$\w*\$).*?\1", re.DOTALL)
_MADE = re.compile(rf"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?({_NAME})", re.IGNORECASE)
_ALTER = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?({_NAME})\s*\*? (.*)", re.IGNORECASE)
_DROP = re.compile(
    r"DROP (TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|TYPE|SCHEMA|FUNCTION) (?:IF EXISTS )?(.*?)"
    r"(?: CASCADE| RESTRICT)?",
    re.IGNORECASE,
)
_RENAMED = re.compile(
    rf"ALTER (?:VIEW|SEQUENCE|TYPE|SCHEMA|FUNCTION) (?:IF EXISTS )?({_NAME}).* RENAME .*",
    re.IGNORECASE,
)
_TRUNCATE = re.compile(r"TRUNCATE (?:TABLE )?(?:ONLY )?(.*)", re.IGNORECASE)
_ADDED = re.compile(rf"ADD (?:COLUMN )?(?:IF NOT EXISTS )?({_NAME}) (.*)", re.IGNORECASE)
_NO_COLUMN = re.compile(r"ADD (?:CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b", re.IGNORECASE)
_FILLED = re.compile(r"\b(DEFAULT|GENERATED|(?:small|big)?serial)\b", re.IGNORECASE)

# What an action of ALTER TABLE does to a column or the table, and how to say it.
_ACTIONS = tuple(
    (re.compile(pattern, re.IGNORECASE), rule, instead)
    for pattern, rule, instead in (
        (
            rf"DROP (?!CONSTRAINT\b)(?:COLUMN )?(?:IF EXISTS )?(?P<column>{_NAME}).*",
            "drop-column",
            "drop it in contract",
        ),
        (
            rf"RENAME (?!TO\b|CONSTRAINT\b)(?:COLUMN )?(?P<column>{_NAME}) TO .*",
            "rename-column",
            "add the new one, write both, drop the old one in contract",
        ),
        (
            r"RENAME TO .*",
            "rename-table",
            "add the new one, write both, drop the old one in contract",
        ),
        (r"SET SCHEMA .*", "rename-table", "leave it where the running release looks for it"),
        (
            rf"ALTER (?:COLUMN )?(?P<column>{_NAME}) (?:SET DATA )?TYPE .*",
            "change-type",
            "add a second column, write both, drop the old one in contract",
        ),
        (
            rf"ALTER (?:COLUMN )?(?P<column>{_NAME}) SET NOT NULL",
            "set-not-null",
            "a CHECK as NOT VALID now, SET NOT NULL in contract",
        ),
        (
            rf"ALTER (?:COLUMN )?(?P<column>{_NAME}) DROP DEFAULT",
            "drop-default",
            "drop it in contract: the running release may leave the column out",
        ),
    )
)


@dataclass(frozen=True)
class Finding:
    """Something that the running release may not survive.

    Attributes:
        rule: Names the kind, such as `drop-column`.
        what: The table or column.
        instead: How to get there without it.
    """

    rule: str
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}; {self.instead}"


def findings(sql: str) -> list[Finding]:
    """What in a migration the running release may not survive, in its order."""
    statements = [" ".join(each.split()) for each in _HIDDEN.sub(_emptied, sql).split(";")]
    made: set[str] = set()
    found: list[Finding] = []
    for statement in statements:
        if table := _MADE.match(statement):
            made.add(_plain(table[1]))
        found.extend(
            each for each in _in_statement(statement) if each.what.split(".")[0] not in made
        )
    return found


def _emptied(hidden: re.Match[str]) -> str:
    return "''" if hidden[0][0] in "'$" else " "


def _in_statement(statement: str) -> Iterator[Finding]:
    if dropped := _DROP.fullmatch(statement):
        for name in dropped[2].split(","):
            yield Finding(f"drop-{dropped[1].lower()}", _plain(name), "drop it in contract")
    elif renamed := _RENAMED.fullmatch(statement):
        yield Finding("rename", _plain(renamed[1]), "make the new one beside it")
    elif truncated := _TRUNCATE.fullmatch(statement):
        yield Finding("truncate", _plain(truncated[1]), "the running release still wants the rows")
    elif altered := _ALTER.fullmatch(statement):
        table = _plain(altered[1])
        for action in _actions(altered[2]):
            yield from _in_action(table, action)


def _in_action(table: str, action: str) -> Iterator[Finding]:
    for pattern, rule, instead in _ACTIONS:
        if match := pattern.fullmatch(action):
            column = match.groupdict().get("column")
            yield Finding(rule, f"{table}.{_plain(column)}" if column else table, instead)
            return
    added = _ADDED.fullmatch(action)
    if added is None or _NO_COLUMN.match(action):
        return
    if "NOT NULL" in added[2].upper() and not _FILLED.search(added[2]):
        yield Finding(
            "required-column",
            f"{table}.{_plain(added[1])}",
            "nullable or with a DEFAULT now, NOT NULL in contract",
        )


def _actions(text: str) -> Iterator[str]:
    """The actions of one ALTER TABLE, which are separated by commas outside of parentheses."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _plain(name: str) -> str:
    """A name as it is compared: without its schema, and without quotes."""
    return name.strip().rpartition(".")[2].strip('"')
