import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold.errors import NameRefusedError
from scaffold.names import MOST, Taken, check
from scaffold.words import Service

TAKEN = Taken(
    services=frozenset({"account", "database", "identity", "invoices"}),
    others=frozenset({"chassis", "kafka-topics", "otel-collector"}),
    tables=frozenset({"accounts", "activities", "sessions"}),
    messages=frozenset({"Account", "Session", "SessionStore", "AttemptStore", "Profile"}),
)


def refusal(name: str, *, data: bool = False) -> NameRefusedError:
    with pytest.raises(NameRefusedError) as refused:
        check(Service(name, data=data), TAKEN)
    check(Service(refused.value.suggestion, data=data), TAKEN)
    assert refused.value.suggestion in str(refused.value)
    return refused.value


@pytest.mark.parametrize("name", ["orders", "shipping", "mail", "a" * MOST])
def test_one_word_is_a_name(name: str) -> None:
    check(Service(name), TAKEN)


@pytest.mark.parametrize(
    ("name", "rule", "suggestion"),
    [
        ("order-lines", "one word of the letters a to z", "orderlines"),
        ("order_lines", "one word of the letters a to z", "orderlines"),
        ("Orders", "one word of the letters a to z", "orders"),
        ("2fast", "one word of the letters a to z", "fast"),
        ("../orders", "one word of the letters a to z", "orders"),
        ("", "one word of the letters a to z", "items"),
        ("x", "2 to 16 letters long", "xes"),
        ("a" * 17, "2 to 16 letters long", "a" * 16),
        ("class", "a word of Python", "classes"),
        ("match", "a word of Python", "matches"),
        ("list", "a word of Python", "lists"),
        ("none", "a word of Python", "nones"),
        ("exception", "a word of Python", "exceptions"),
        ("message", "a word of protobuf", "messages"),
        ("order", "a word of SQL", "orders"),
        ("group", "a word of protobuf", "groups"),
        ("user", "a word of SQL", "users"),
        ("tests", "a word of this repository", "testitems"),
        ("blue", "a word of this repository", "blues"),
        ("keys", "a word of this repository", "keyitems"),
        ("settings", "a word of this repository", "settingitems"),
        ("database", "there is a service of that name", "databaseitems"),
        ("chassis", "something else in its place", "chassises"),
        ("accounts", "nobody would tell it from account", "accountitems"),
        ("identities", "nobody would tell it from identity", "identityitems"),
        ("invoice", "nobody would tell it from invoices", "invoiceitems"),
    ],
)
def test_a_name_that_breaks_a_rule_is_told_the_rule_and_one_that_does_not(
    name: str, rule: str, suggestion: str
) -> None:
    error = refusal(name)
    assert rule in error.rule
    assert error.suggestion == suggestion


@pytest.mark.parametrize("name", ["insertions", "loops", "requests", "rows"])
def test_rows_may_be_called_like_variables(name: str) -> None:
    check(Service(name, web=True, data=True), TAKEN)


@pytest.mark.parametrize(
    ("name", "rule", "suggestion"),
    [
        ("shipping", "in the plural", "shippings"),
        ("sessions", "the database has a table sessions", "sessionitems"),
        ("profiles", "the contracts of the database define Profile", "profileitems"),
        ("attempts", "the contracts of the database define AttemptStore", "attemptitems"),
        ("lists", "each of its rows would be a list", "listitems"),
        ("bases", "each of its rows would be a base", "baseitems"),
        ("warnings", "each of its rows would be a warning", "warningitems"),
    ],
)
def test_rows_want_a_name_that_no_other_rows_have(name: str, rule: str, suggestion: str) -> None:
    check(Service(name), TAKEN)
    error = refusal(name, data=True)
    assert rule in error.rule
    assert error.suggestion == suggestion


@pytest.mark.parametrize(
    "name", ["codegen", "configure", "developer", "initdb", "keys", "migrate", "prepare", "topics"]
)
def test_what_local_runs_beside_services_names_none(name: str) -> None:
    assert "a word of this repository" in refusal(name).rule


@settings(deadline=None)
@given(st.text(max_size=30), st.booleans())
def test_whatever_is_refused_gets_a_name_that_is_not(name: str, data: bool) -> None:
    try:
        check(Service(name, data=data), TAKEN)
    except NameRefusedError as error:
        check(Service(error.suggestion, data=data), TAKEN)
