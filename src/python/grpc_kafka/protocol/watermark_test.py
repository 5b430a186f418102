from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import Watermark


def test_nothing_is_committed_past_what_is_unfinished() -> None:
    watermark = Watermark()
    for offset in (3, 4, 5):
        assert watermark.take(offset)
    assert watermark.finish(5) is None
    assert watermark.finish(4) is None
    assert watermark.finish(3) == 6
    assert len(watermark) == 0


def test_offsets_with_gaps_are_contiguous_in_the_order_taken() -> None:
    watermark = Watermark()
    watermark.take(10)
    watermark.take(17)
    assert watermark.finish(10) == 17
    assert watermark.finish(17) == 18


def test_what_is_finished_behind_a_call_that_takes_long_is_not_kept() -> None:
    watermark = Watermark()
    watermark.take(0)
    for offset in range(1, 1000):
        watermark.take(offset)
        assert watermark.finish(offset) is None
    assert len(watermark) == 1
    assert watermark.finish(0) == 1000


def test_an_offset_that_goes_back_is_not_taken() -> None:
    watermark = Watermark()
    assert watermark.take(5)
    assert not watermark.take(5)
    assert not watermark.take(4)
    assert watermark.finish(5) == 6
    assert not watermark.take(5)


def test_what_was_not_taken_moves_nothing() -> None:
    watermark = Watermark()
    assert watermark.finish(1) is None
    watermark.take(7)
    assert watermark.finish(1) is None
    assert len(watermark) == 1


@settings(deadline=None)
@given(st.sets(st.integers(0, 1000), max_size=40), st.randoms(use_true_random=False))
def test_the_position_is_always_the_end_of_the_finished_beginning(
    offsets: set[int], random: st.DataObject
) -> None:
    taken = sorted(offsets)
    order = list(taken)
    random.shuffle(order)  # type: ignore[attr-defined]
    watermark = Watermark()
    for offset in taken:
        watermark.take(offset)
    committed, finished = 0, set()
    for offset in order:
        finished.add(offset)
        position = watermark.finish(offset)
        if position is not None:
            assert position > committed
            committed = position
        first_open = next((each for each in taken if each not in finished), None)
        begun = first_open != taken[0]
        assert committed == ((taken[-1] + 1 if first_open is None else first_open) if begun else 0)
    assert len(watermark) == 0
