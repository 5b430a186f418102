import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluegreen.errors import DocumentError
from bluegreen.lane import Lane
from bluegreen.release import Heads, Release
from bluegreen.state import Operation, State, Status, Tenant
from bluegreen.step import Action, Kind
from bluegreen.testing import release

MOMENTS = st.datetimes(min_value=datetime(2020, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
RELEASES = st.builds(release, st.integers(1, 9), contract=st.integers(0, 9))
OPERATIONS = st.builds(
    Operation,
    id=st.text(),
    kind=st.sampled_from(Kind),
    release=RELEASES,
    lane=st.sampled_from(Lane),
    old=st.none() | st.sampled_from(Lane),
    previous=st.none() | st.text(),
    reached=st.sampled_from(Action),
    going_back=st.booleans(),
    began_at=MOMENTS,
)
LANES = st.dictionaries(
    st.sampled_from(Lane), st.builds(Tenant, release=RELEASES, status=st.sampled_from(Status))
)


@settings(deadline=None)
@given(LANES, st.none() | OPERATIONS, st.none() | MOMENTS, st.data())
def test_a_state_is_read_as_it_was_written(
    lanes: dict[Lane, Tenant],
    operation: Operation | None,
    switched_at: datetime | None,
    data: st.DataObject,
) -> None:
    state = State(
        live=data.draw(st.sampled_from([None, *lanes])),
        lanes=lanes,
        operation=operation,
        switched_at=switched_at,
    )
    assert State.parse(state.render(), "state.json") == state


def test_a_state_of_a_newer_deployer_is_not_guessed_at() -> None:
    with pytest.raises(DocumentError, match="has format 2, and this deployer knows 1; use a newer"):
        State.parse('{"format": 2, "lanes": "elsewhere"}', "state.json")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "{",
            [
                (
                    "is no JSON: Expecting property name enclosed in double quotes: "
                    "line 1 column 2 (char 1)"
                )
            ],
        ),
        ("[]", ["the whole: input should be an object"]),
        ('{"live": "blue"}', ["the whole: blue has the traffic and no release is in it"]),
        (
            '{"live": "red", "previous": 1, "lines": {}}',
            [
                "live: input should be 'blue' or 'green'",
                "previous: input should be a valid string",
                "lines: is no setting; is it lanes?",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_state_is_told_at_once(text: str, problems: list[str]) -> None:
    with pytest.raises(DocumentError) as wrong:
        State.parse(text, "state.json")
    assert list(wrong.value.problems) == problems


def test_a_release_is_named_by_its_time_and_commit_so_that_names_order() -> None:
    one = release(1)
    assert one.version == "20260101-000001-000000000000"
    assert sorted(release(n).version for n in (3, 1, 2)) == [release(n).version for n in (1, 2, 3)]
    assert Release.parse(one.render(), "x") == one


def test_a_release_of_tags_or_of_a_local_time_is_refused() -> None:
    content = json.loads(release(1).render())
    content["images"]["account"] = "registry.test/account:latest"
    content["built_at"] = "2026-01-01T00:00:01+03:00"
    with pytest.raises(DocumentError) as wrong:
        Release.parse(json.dumps(content), "release.json")
    assert [problem.partition(":")[0] for problem in wrong.value.problems] == [
        "built_at",
        "images.account",
    ]


def test_services_that_kept_their_digest_did_not_change() -> None:
    one = release(1)
    images = {**one.images, "account": release(2).images["account"]}
    two = one.model_copy(update={"images": images})
    assert two.changed_since(one) == ["account"]
    assert one.changed_since(None) == ["account", "database", "kafka-tools"]
    assert not two.is_same_as(one)


def test_a_release_with_other_compose_files_is_another_one() -> None:
    one = release(1)
    changed = one.model_copy(update={"files": {**one.files, "lane.yml": "0" * 64}})
    assert changed.changed_since(one) == []
    assert not changed.is_same_as(one)
    assert one.is_same_as(one.model_copy(update={"built_at": release(2).built_at}))


def test_a_release_serves_on_what_nothing_newer_has_contracted() -> None:
    assert release(1).can_serve(Heads(expand="e0009", contract="c0001"))
    assert not release(1).can_serve(Heads(contract="c0002"))
