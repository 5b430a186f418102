import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold.edits import Edit, Item, Lines
from scaffold.errors import PlaceError

TEXT = """\
services = ["b", "d"]
begin
  alpha
  gamma
end
tail
"""


def names(edit: str) -> Lines:
    return Lines("file", f"  {edit}\n", after="begin", before="end", among="  ")


@pytest.mark.parametrize(
    ("edit", "line", "follows"),
    [
        (names("aaa"), "  aaa", "begin"),
        (names("beta"), "  beta", "  alpha"),
        (names("zeta"), "  zeta", "  gamma"),
        (Lines("file", "last\n"), "last", "tail"),
        (Lines("file", "  beta\n", after="begin", before="end"), "  beta", "  gamma"),
        (Lines("file", "one\ntwo\n", before="tail"), "one\ntwo", "end"),
        (Lines("file", "x\n", after="begin", before="end", among="none such"), "x", "  gamma"),
    ],
)
def test_lines_stand_in_their_part_of_the_file(edit: Edit, line: str, follows: str) -> None:
    assert f"{follows}\n{line}\n" in edit.put(TEXT)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (Item("file", '"e"', "^services"), 'services = ["b", "d", "e"]'),
        (Item("file", '"c"', "^services", before='"d"'), 'services = ["b", "c", "d"]'),
    ],
)
def test_an_item_stands_where_it_is_to_be(edit: Edit, expected: str) -> None:
    assert edit.put(TEXT).splitlines()[0] == expected


@settings(deadline=None)
@given(st.permutations(["aaa", "beta", "delta", "zeta"]), st.permutations(range(4)))
def test_what_was_put_in_is_taken_out_in_any_order_without_a_trace(
    words: list[str], order: list[int]
) -> None:
    edits: list[Edit] = [names(words[0]), names(words[1]), Item("file", words[2], "^services")]
    edits.append(Lines("file", f"\n[{words[3]}]\n"))
    text = TEXT
    for edit in edits:
        text = edit.put(text)
    for number in order:
        text = edits[number].taken(text)
    assert text == TEXT


def test_lines_that_only_end_or_begin_like_others_are_others() -> None:
    text = "PREORDER = 80\nmore\n"
    edit = Lines("file", "ORDER = 80\n")
    put = edit.put(text)
    assert put == f"{text}ORDER = 80\n"
    assert edit.taken(put) == text
    with pytest.raises(PlaceError):
        edit.taken(text)


@pytest.mark.parametrize(
    "edit",
    [
        names("alpha"),
        Item("file", '"b"', "^services"),
        Lines("file", "x\n", after="no such line"),
        Lines("file", "x\n", before="no such line"),
        Item("file", '"x"', "^tail"),
        Item("file", '"x"', "^nothing"),
        Item("file", '"x"', "^services", before='"z"'),
    ],
)
def test_what_is_there_or_has_no_place_is_not_put(edit: Edit) -> None:
    with pytest.raises(PlaceError, match="file: "):
        edit.put(TEXT)


@pytest.mark.parametrize(
    "edit", [names("beta"), Item("file", '"x"', "^services"), Lines("file", "tail\nmore\n")]
)
def test_what_is_not_there_is_not_taken(edit: Edit) -> None:
    with pytest.raises(PlaceError):
        edit.taken(TEXT)
