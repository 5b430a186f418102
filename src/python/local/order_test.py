import pytest

from local.order import check_order, users_of
from local.program import Program


def program(name: str, requires: str = "", uses: str = "") -> Program:
    return Program(name, ("true",), requires=tuple(requires.split()), uses=tuple(uses.split()))


def test_users_are_those_that_require_or_use() -> None:
    programs = [program("a"), program("b", "a"), program("c", uses="a"), program("d", "b")]
    check_order(programs)
    assert users_of("a", programs) == ["b", "c"]
    assert users_of("d", programs) == []


@pytest.mark.parametrize(
    ("programs", "complaint"),
    [
        ([program("a"), program("a")], "one name"),
        ([program("a", "x")], "a needs x, not there"),
        ([program("a", "b"), program("b", uses="a")], "need each other"),
    ],
)
def test_programs_without_an_order_are_refused(programs: list[Program], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_order(programs)
