import pytest

from services.database.expansion import findings


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("ALTER TABLE accounts DROP COLUMN about;", "drop-column: accounts.about"),
        ("alter table only public.accounts drop about cascade", "drop-column: accounts.about"),
        ('ALTER TABLE "accounts" DROP COLUMN IF EXISTS "about"', "drop-column: accounts.about"),
        ("DROP TABLE accounts CASCADE;", "drop-table: accounts"),
        ("DROP TABLE IF EXISTS public.accounts, sessions", "drop-table: accounts"),
        ("DROP VIEW people", "drop-view: people"),
        ("ALTER TABLE accounts RENAME COLUMN about TO bio;", "rename-column: accounts.about"),
        ("ALTER TABLE accounts RENAME about TO bio;", "rename-column: accounts.about"),
        ("ALTER TABLE accounts RENAME TO people;", "rename-table: accounts"),
        ("ALTER TABLE accounts SET SCHEMA old;", "rename-table: accounts"),
        ("ALTER TYPE kind RENAME VALUE 'a' TO 'b'", "rename: kind"),
        ("ALTER TABLE accounts ALTER COLUMN about TYPE VARCHAR(5);", "change-type: accounts.about"),
        ("ALTER TABLE a ALTER b SET DATA TYPE int USING b::int", "change-type: a.b"),
        ("ALTER TABLE a ALTER COLUMN b SET NOT NULL", "set-not-null: a.b"),
        ("ALTER TABLE a ALTER COLUMN b DROP DEFAULT", "drop-default: a.b"),
        ("ALTER TABLE a ALTER b SET DEFAULT NULL", "drop-default: a.b"),
        ("ALTER TABLE a ALTER b DROP IDENTITY IF EXISTS", "drop-default: a.b"),
        ("ALTER TABLE a ADD COLUMN b TEXT NOT NULL", "required-column: a.b"),
        ("ALTER TABLE a ADD b int DEFAULT NULL NOT NULL", "required-column: a.b"),
        (
            "ALTER TABLE a ADD b int NOT NULL; ALTER TABLE a ALTER b SET DEFAULT 5",
            "required-column: a.b",
        ),
        ("ALTER TABLE a ADD b numeric(5, 2) not null", "required-column: a.b"),
        ("ALTER TABLE a ADD b text; ALTER TABLE a ALTER b SET NOT NULL", "set-not-null: a.b"),
        (
            "ALTER TABLE a ADD b text; UPDATE a SET b = 'c'; ALTER TABLE a ALTER b SET NOT NULL",
            "set-not-null: a.b",
        ),
        (
            "ALTER TABLE a ADD b text DEFAULT 'c' NOT NULL; ALTER TABLE a ALTER b DROP DEFAULT",
            "drop-default: a.b",
        ),
        ("ALTER TABLE a DROP b, ADD b int DEFAULT 5 NOT NULL", "drop-column: a.b"),
        ("TRUNCATE a", "truncate: a"),
        ("CREATE INDEX ix ON a (b)", "blocking-index: a"),
        ("create unique index if not exists ix on only public.a (b)", "blocking-index: a"),
        ("CREATE INDEX ON a (b)", "blocking-index: a"),
        ("ALTER TABLE a ADD CONSTRAINT u UNIQUE (b)", "blocking-index: a"),
        ("ALTER TABLE a ADD PRIMARY KEY (b)", "blocking-index: a"),
        ("ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY(b) REFERENCES c (d)", "checked-rows: a"),
        ("ALTER TABLE a ADD CHECK (b > 0), ADD c int", "checked-rows: a"),
        ("ALTER TABLE a ADD COLUMN b UUID DEFAULT gen_random_uuid()", "rewritten-table: a.b"),
        ("ALTER TABLE a ADD b int GENERATED ALWAYS AS (c + 1) STORED", "rewritten-table: a.b"),
        ("ALTER TABLE a ADD b bigint GENERATED ALWAYS AS IDENTITY", "rewritten-table: a.b"),
        ("ALTER TABLE a ADD b BIGSERIAL NOT NULL", "rewritten-table: a.b"),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID", "new-rule: a"),
        ("ALTER TABLE a ADD c int; ALTER TABLE a ADD CHECK (c < b) NOT VALID", "new-rule: a"),
        ("ALTER TABLE a ADD c int, ADD CHECK (c IS NOT NULL) NOT VALID", "new-rule: a"),
        ("ALTER TABLE a ADD FOREIGN KEY(b) REFERENCES c (d) NOT VALID", "new-rule: a"),
        ("CREATE UNIQUE INDEX CONCURRENTLY ix ON a (lower(b))", "new-rule: a"),
        ("ALTER TABLE b ADD c int; ALTER TABLE a ADD CHECK (c > 0) NOT VALID", "new-rule: a"),
        ("ALTER TABLE a ADD IF NOT EXISTS b int; ALTER TABLE a DROP b", "drop-column: a.b"),
        ("/* x */ ALTER TABLE a -- why\n  ADD c int,\n  DROP b;", "drop-column: a.b"),
    ],
)
def test_what_the_running_release_may_not_survive_is_found(sql: str, told: str) -> None:
    assert str(findings(sql)[0]).startswith(f"{told}; ")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a (b TEXT NOT NULL, c NUMERIC(5, 2))",
        "ALTER TABLE a ADD COLUMN b TEXT",
        "ALTER TABLE a ADD COLUMN b TEXT DEFAULT 'DROP COLUMN c' NOT NULL",
        "ALTER TABLE a ADD COLUMN b timestamptz DEFAULT now() NOT NULL",
        "ALTER TABLE a ADD b int; ALTER TABLE a ADD FOREIGN KEY(b) REFERENCES c (d) NOT VALID",
        "ALTER TABLE a ADD b text, ADD CHECK (char_length(b) <= 40 OR b = 'c') NOT VALID",
        "ALTER TABLE a ADD b text; ALTER TABLE a ADD CHECK (b::text IN ('c')) NOT VALID",
        "ALTER TABLE a ADD b text; CREATE UNIQUE INDEX CONCURRENTLY ix ON a (lower(b) DESC)",
        "CREATE TABLE a (b int); ALTER TABLE a ADD CHECK (b IS NOT NULL) NOT VALID",
        "ALTER TABLE a ADD b int; ALTER TABLE a DROP b",
        "ALTER TABLE a ADD b text DEFAULT 'c'; ALTER TABLE a ALTER b SET NOT NULL",
        "ALTER TABLE a ADD b int; ALTER TABLE a ALTER b SET DEFAULT 5, ALTER b SET NOT NULL",
        "ALTER TABLE a ADD b text DEFAULT 'c', ALTER b SET NOT NULL",
        "ALTER TABLE a ADD b text DEFAULT NULL",
        "ALTER TABLE a ADD b text DEFAULT 'c'; ALTER TABLE a ALTER b DROP DEFAULT",
        "ALTER TABLE a ADD b int; ALTER TABLE a ALTER b SET NOT NULL; ALTER TABLE a DROP b",
        "CREATE TABLE a (b serial); ALTER TABLE a ALTER b SET NOT NULL, ALTER b DROP DEFAULT",
        "CREATE TABLE a (b int); ALTER TABLE a ADD c int; ALTER TABLE a ALTER c SET NOT NULL",
        "ALTER TABLE a ADD CONSTRAINT u UNIQUE USING INDEX ix",
        "CREATE TABLE a (b int); CREATE INDEX ix ON a (b)",
        "ALTER TABLE a VALIDATE CONSTRAINT c",
        "ALTER TABLE a DROP CONSTRAINT c",
        "ALTER TABLE a RENAME CONSTRAINT c TO d",
        "ALTER TABLE a ALTER COLUMN b DROP NOT NULL",
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 5",
        "CREATE INDEX CONCURRENTLY ix ON a (b)",
        "DROP INDEX CONCURRENTLY IF EXISTS ix",
        "GRANT UPDATE (b) ON a TO tandem_app",
        "-- DROP TABLE a\nSELECT 1",
        "INSERT INTO a VALUES ('; DROP TABLE a; ''')",
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DROP TABLE a; END $$ LANGUAGE plpgsql",
        "CREATE TABLE a (b int); ALTER TABLE a DROP COLUMN b; DROP TABLE a",
    ],
)
def test_what_it_survives_is_not(sql: str) -> None:
    assert findings(sql) == []


@pytest.mark.parametrize(
    "changes",
    [
        ["SET DEFAULT NULL", "SET NOT NULL"],
        ["SET DEFAULT NULL::text", "SET NOT NULL"],
        ["SET DEFAULT 5", "SET NOT NULL", "SET DEFAULT (NULL)"],
        ["SET DEFAULT 5", "DROP DEFAULT", "SET NOT NULL"],
        ["SET NOT NULL", "SET DEFAULT 5", "DROP DEFAULT"],
        ["SET NOT NULL", "DROP NOT NULL", "SET NOT NULL"],
        ["SET NOT NULL, ALTER b ADD GENERATED ALWAYS AS IDENTITY", "DROP IDENTITY IF EXISTS"],
    ],
)
def test_a_new_column_that_ends_required_and_unfilled_is_found(changes: list[str]) -> None:
    assert {each.what for each in findings(_to_new_column(changes))} == {"a.b"}


@pytest.mark.parametrize(
    "changes",
    [
        ["SET NOT NULL", "SET DEFAULT 5"],
        ["SET NOT NULL, ALTER b SET DEFAULT 5"],
        ["SET NOT NULL", "ADD GENERATED BY DEFAULT AS IDENTITY"],
        ["SET NOT NULL, ALTER b ADD GENERATED ALWAYS AS IDENTITY"],
        ["SET NOT NULL", "DROP NOT NULL"],
        ["SET DEFAULT 5", "SET NOT NULL", "DROP DEFAULT", "SET DEFAULT 6"],
        ["SET DEFAULT NULL", "SET NOT NULL", "SET DEFAULT nullif(6, 5)"],
        ["SET DEFAULT 5", "SET DEFAULT NULL"],
    ],
)
def test_a_new_column_that_ends_filled_or_nullable_is_not(changes: list[str]) -> None:
    assert findings(_to_new_column(changes)) == []


@pytest.mark.parametrize("definition", ["int DEFAULT 5 NOT NULL", "serial"])
def test_what_earlier_revisions_did_counts_and_is_not_found_again(definition: str) -> None:
    before = f"ALTER TABLE a ADD b {definition}; DROP TABLE c;"
    assert findings("ALTER TABLE a ALTER b SET DEFAULT 6; ALTER TABLE a DROP b", before) == []
    [found] = findings("ALTER TABLE a ALTER b DROP DEFAULT", before)
    assert (found.rule, found.what) == ("drop-default", "a.b")


def test_everything_is_found_at_once() -> None:
    sql = "ALTER TABLE a DROP COLUMN b, ALTER COLUMN c TYPE int; DROP TABLE d, e;"
    assert [(each.rule, each.what) for each in findings(sql)] == [
        ("drop-column", "a.b"),
        ("change-type", "a.c"),
        ("drop-table", "d"),
        ("drop-table", "e"),
    ]


def _to_new_column(changes: list[str]) -> str:
    return "; ".join(["ALTER TABLE a ADD b int", *(f"ALTER TABLE a ALTER b {c}" for c in changes)])
