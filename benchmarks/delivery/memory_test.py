"""What counts as held."""

from benchmarks.delivery.memory import counted


def test_pages_of_files_that_can_be_dropped_are_not_counted() -> None:
    assert counted({"usage": 900, "stats": {"inactive_file": 200, "active_file": 100}}) == 700


def test_what_the_children_of_a_group_can_drop_is_not_counted_either() -> None:
    stats = {"inactive_file": 10, "total_inactive_file": 200}
    assert counted({"usage": 900, "stats": stats}) == 700


def test_a_container_that_ended_holds_nothing() -> None:
    assert counted({}) == 0
