import json

from services.account.live.events import beginning, event


def test_whatever_is_told_stays_one_line_of_one_event() -> None:
    hostile = 'a\nid: 7\r\n\nevent: end\u2028<script>alert("1")</script>\0'
    lines = event("0192", {"detail": hostile}).decode().split("\n")
    assert lines[0] == "id: 0192"
    assert json.loads(lines[1].removeprefix("data: ")) == {"detail": hostile}
    assert lines[2:] == ["", ""]


def test_the_beginning_names_a_place_and_has_no_data() -> None:
    assert beginning("0192", 2.5) == b"retry: 2500\nid: 0192\n\n"
