"""What an expand migration must not do to the release that serves. Pure: SQL in, findings out.

It takes away what that release uses, holds what it writes to a new rule, or keeps a table from it
for as long as all rows take.
Not a parser of SQL: it knows the statements that Alembic writes and people write by hand, and
takes quoted texts and comments out first. What is made in the same migrations nobody uses yet, so
it may be changed at will; but rows that the running release makes have to do without a new column.
What is done inside of a function's body is not seen.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

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
_INDEX = re.compile(
    rf"CREATE (?P<unique>UNIQUE )?INDEX (?P<aside>CONCURRENTLY )?(?:IF NOT EXISTS )?"
    rf"(?:(?!ON\b){_NAME} )?ON (?:ONLY )?(?P<table>{_NAME}) ?(?:USING \w+ ?)?(?P<rest>\(.*)",
    re.IGNORECASE,
)
_TRUNCATE = re.compile(r"TRUNCATE (?:TABLE )?(?:ONLY )?(.*)", re.IGNORECASE)
_ADDED = re.compile(
    rf"ADD (?:COLUMN )?(?P<if>IF NOT EXISTS )?(?P<name>{_NAME}) (?P<definition>.*)", re.IGNORECASE
)
_NO_COLUMN = re.compile(r"ADD (?:CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b", re.IGNORECASE)
_CHECKS = re.compile(
    rf"ADD (?:CONSTRAINT {_NAME} )?(?:CHECK|FOREIGN KEY)\b(?!.* NOT VALID).*", re.IGNORECASE
)
_INDEXES = re.compile(
    rf"ADD (?:CONSTRAINT {_NAME} )?(?:UNIQUE|PRIMARY KEY|EXCLUDE)\b(?!.*USING INDEX ).*",
    re.IGNORECASE,
)
_HELD = re.compile(rf"ADD (?:CONSTRAINT {_NAME} )?(?:CHECK|FOREIGN KEY) ?(\(.*)", re.IGNORECASE)
_CAST = re.compile(r"::\s*\w+(?: (?:with|without) time zone| varying| precision)?", re.IGNORECASE)
_WORD = re.compile(
    r'"[^"]+"|\b(?!(?:all|and|any|array|asc|between|case|desc|distinct|else|end|false|first|from|ilike'
    r"|in|is|last|like|not|null|nulls|or|similar|then|to|true|when)\b)[a-z_][\w$]*\b(?! ?\()",
    re.IGNORECASE,
)
_REWRITES = re.compile(
    r"\b(?:(?:small|big)?serial\b|GENERATED .*\b(?:STORED|IDENTITY)\b"
    r"|DEFAULT (?:\w+\.)?(?:clock_timestamp|gen_random_uuid|nextval|random|timeofday|uuidv[47])\b)",
    re.IGNORECASE,
)
_NULL = r"DEFAULT[ (]*NULL\b"
_UNFILLS = rf"(?:DROP (?:DEFAULT|EXPRESSION|IDENTITY)\b|SET {_NULL}).*"
_FILLED = re.compile(rf"\b(?!{_NULL})(DEFAULT|GENERATED|(?:small|big)?serial)\b", re.IGNORECASE)
_REQUIRES = re.compile(r"\b(?:NOT NULL|IDENTITY|(?:small|big)?serial)\b", re.IGNORECASE)
_OF_COLUMN = re.compile(
    rf"(?P<how>ADD|ALTER|DROP) (?:COLUMN )?(?:IF (?:NOT )?EXISTS )?"
    rf"(?P<name>{_NAME}) ?(?P<change>.*)",
    re.IGNORECASE,
)

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
            rf"ALTER (?:COLUMN )?(?P<column>{_NAME}) {_UNFILLS}",
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


def findings(sql: str, before: str = "") -> list[Finding]:
    """What in a migration the running release may not survive, in its order.

    Args:
        sql: The migration.
        before: Those that the same upgrade runs, and commits, before it.
    """
    earlier, own = _statements(before), _statements(sql)
    required = _required([*earlier, *own])
    made = {name for statement in earlier for name in _made(statement)}
    found: list[Finding] = []
    for statement in own:
        known = frozenset(made)
        made.update(_made(statement))
        for each in _in_statement(statement, made):
            # what a new column was between the statements of a migration, no release sees
            by_end = each.rule in {"set-not-null", "drop-default"}
            harmless = made - required if by_end else known
            if harmless.isdisjoint({each.what.partition(".")[0], each.what}):
                found.append(each)
    return found


def _statements(sql: str) -> list[str]:
    return [" ".join(each.split()) for each in _HIDDEN.sub(_emptied, sql).split(";")]


def _made(statement: str) -> Iterator[str]:
    """The table or the columns that come with it, which no release knows yet.

    A column that is added if it does not exist may be known.
    """
    if table := _MADE.match(statement):
        yield _plain(table[1])
    for altered, action in _altered(statement):
        added = _ADDED.fullmatch(action)
        if added is not None and not added["if"] and not _NO_COLUMN.match(action):
            yield f"{altered}.{_plain(added['name'])}"


def _required(statements: Iterable[str]) -> set[str]:
    """The columns that end NOT NULL with nothing to fill them in: a row without one fails."""
    required: set[str] = set()
    filled: set[str] = set()
    for table, action in chain.from_iterable(map(_altered, statements)):
        changed = _OF_COLUMN.fullmatch(action)
        if changed is None or _NO_COLUMN.match(action):
            continue
        column, change = f"{table}.{_plain(changed['name'])}", changed["change"].upper()
        gone = changed["how"].upper() == "DROP"
        if gone or change == "DROP NOT NULL":
            required.discard(column)
        elif _REQUIRES.search(change):
            required.add(column)
        if gone or re.fullmatch(_UNFILLS, change):
            filled.discard(column)
        elif _FILLED.search(change):
            filled.add(column)
    return required - filled


def _emptied(hidden: re.Match[str]) -> str:
    return "''" if hidden[0][0] in "'$" else " "


def _in_statement(statement: str, made: Collection[str]) -> Iterator[Finding]:
    if dropped := _DROP.fullmatch(statement):
        for name in dropped[2].split(","):
            yield Finding(f"drop-{dropped[1].lower()}", _plain(name), "drop it in contract")
    elif renamed := _RENAMED.fullmatch(statement):
        yield Finding("rename", _plain(renamed[1]), "make the new one beside it")
    elif indexed := _INDEX.fullmatch(statement):
        yield from _in_index(indexed, made)
    elif truncated := _TRUNCATE.fullmatch(statement):
        yield Finding("truncate", _plain(truncated[1]), "the running release still wants the rows")
    else:
        for table, action in _altered(statement):
            yield from _in_action(table, action, made)


def _in_index(index: re.Match[str], made: Collection[str]) -> Iterator[Finding]:
    table = _plain(index["table"])
    if not index["aside"]:
        yield _blocking(table)
    elif index["unique"]:
        yield from _held(table, index["rest"], made)


def _in_action(table: str, action: str, made: Collection[str]) -> Iterator[Finding]:
    for pattern, rule, instead in _ACTIONS:
        if match := pattern.fullmatch(action):
            column = match.groupdict().get("column")
            yield Finding(rule, f"{table}.{_plain(column)}" if column else table, instead)
            return
    added = _ADDED.fullmatch(action)
    if _CHECKS.fullmatch(action):
        yield Finding(
            "checked-rows", table, "add it as NOT VALID, VALIDATE it in the next revision"
        )
    elif held := _HELD.fullmatch(action):
        yield from _held(table, held[1], made)
    elif _INDEXES.fullmatch(action):
        yield _blocking(table)
    elif added is not None and not _NO_COLUMN.match(action):
        yield from _in_column(f"{table}.{_plain(added['name'])}", added["definition"])


def _in_column(column: str, definition: str) -> Iterator[Finding]:
    if "NOT NULL" in definition.upper() and not _FILLED.search(definition):
        instead = "nullable or with a DEFAULT now, NOT NULL in contract"
        yield Finding("required-column", column, instead)
    elif _REWRITES.search(definition):
        instead = "add it nullable, then set its DEFAULT, and fill it in batches"
        yield Finding("rewritten-table", column, instead)


def _held(table: str, text: str, made: Collection[str]) -> Iterator[Finding]:
    """A rule that what is written from now on has to keep to; in parentheses, for some columns.

    What the running release does not know it leaves NULL, which any rule but one lets pass.
    """
    rule = _CAST.sub("", _in_parentheses(text))
    columns = [f"{table}.{_plain(each)}" for each in _WORD.findall(rule)]
    if "IS NOT NULL" in rule.upper() or any(each not in made for each in columns):
        instead = (
            "what the running release writes is held to it at once; if it keeps to it, say why by "
            "assurance = ..."
        )
        yield Finding("new-rule", table, instead)


def _in_parentheses(text: str) -> str:
    """What stands between the first parenthesis and its own end."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[1:place]
    return text[1:]


def _blocking(table: str) -> Finding:
    instead = "CREATE INDEX CONCURRENTLY, in an autocommit block; a constraint takes it USING INDEX"
    return Finding("blocking-index", table, instead)


def _altered(statement: str) -> Iterator[tuple[str, str]]:
    """The actions of an ALTER TABLE, each with the table."""
    if altered := _ALTER.fullmatch(statement):
        for action in _actions(altered[2]):
            yield _plain(altered[1]), action


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
