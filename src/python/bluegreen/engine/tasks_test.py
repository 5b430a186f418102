from bluegreen.engine.tasks import known

LANE = "services: {static: {profiles: [task]}, account: {}, topics: {profiles: [task]}}"


def test_a_release_from_before_a_service_has_none_of_its_tasks() -> None:
    assert known(["static", "orders-static"], LANE) == (["static"], ["orders-static"])


def test_a_task_is_known_by_its_name_whatever_it_is_told() -> None:
    assert known(["topics create --all"], LANE) == (["topics create --all"], [])
