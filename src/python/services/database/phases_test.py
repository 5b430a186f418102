import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.database.errors import SchemaBehindError, SchemaBeyondError, SchemaError
from services.database.phases import Phase, check_migrating, check_serving, positions

KNOWN = {Phase.EXPAND: ["e0001", "e0002", "e0003"], Phase.CONTRACT: ["c0001", "c0002"]}


def test_a_new_database_has_everything_pending() -> None:
    where = positions(KNOWN, [])
    assert where[Phase.EXPAND].pending == ("e0001", "e0002", "e0003")
    assert where[Phase.CONTRACT].pending == ("c0001", "c0002")
    assert where[Phase.EXPAND].current is None


@settings(deadline=None)
@given(st.integers(0, 3), st.integers(0, 2))
def test_what_ran_is_not_pending(expand: int, contract: int) -> None:
    ran = [*KNOWN[Phase.EXPAND][:expand][-1:], *KNOWN[Phase.CONTRACT][:contract][-1:]]
    where = positions(KNOWN, ran)
    assert where[Phase.EXPAND].pending == tuple(KNOWN[Phase.EXPAND][expand:])
    assert where[Phase.CONTRACT].pending == tuple(KNOWN[Phase.CONTRACT][contract:])
    assert not any(position.beyond for position in where.values())


@pytest.mark.parametrize("ran", [[], ["e0002"], ["c0002"], ["e0001", "c0001"]])
def test_a_release_does_not_serve_before_its_expand(ran: list[str]) -> None:
    with pytest.raises(SchemaBehindError, match="migrate expand"):
        check_serving(positions(KNOWN, ran))


@pytest.mark.parametrize(
    "ran", [["e0003"], ["e0003", "c0001"], ["e0003", "c0002"], ["e0004", "c0002"], ["e9999"]]
)
def test_a_release_serves_from_its_expand_on(ran: list[str]) -> None:
    check_serving(positions(KNOWN, ran))


def test_a_release_does_not_serve_what_a_newer_one_has_contracted() -> None:
    with pytest.raises(SchemaBeyondError, match="c0003, newer than this release's c0002"):
        check_serving(positions(KNOWN, ["e0004", "c0003"]))


def test_contract_waits_for_expand() -> None:
    with pytest.raises(SchemaBehindError):
        check_migrating(Phase.CONTRACT, positions(KNOWN, ["e0002"]))
    check_migrating(Phase.CONTRACT, positions(KNOWN, ["e0003"]))
    check_migrating(Phase.EXPAND, positions(KNOWN, ["e0001"]))


@pytest.mark.parametrize("ran", [["e0004"], ["e0003", "c0003"]])
@pytest.mark.parametrize("phase", list(Phase))
def test_an_older_release_migrates_nothing(phase: Phase, ran: list[str]) -> None:
    with pytest.raises(SchemaBeyondError):
        check_migrating(phase, positions(KNOWN, ran))


@pytest.mark.parametrize("ran", [["55af2cb1c267"], ["x0001"], ["e1"], ["e0001", "e0002"], [""]])
def test_revisions_of_others_are_refused(ran: list[str]) -> None:
    with pytest.raises(SchemaError):
        positions(KNOWN, ran)


@pytest.mark.parametrize("phase", list(Phase))
def test_none_is_older_than_every_revision_of_its_phase(phase: Phase) -> None:
    assert Phase.of(phase.none) is phase
    assert phase.none < min(KNOWN[phase])
