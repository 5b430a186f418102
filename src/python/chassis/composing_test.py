import time

from chassis.composing import composed


def test_the_same_characters_are_the_same_however_a_keyboard_composes_them() -> None:
    assert composed("cafe\u0301", 80) == "caf\u00e9"
    assert composed("\u03b1\u0313\u0300\u0345" * 80, 80) == "\u1f82" * 80


def test_what_is_too_long_in_any_form_takes_no_time() -> None:
    text = "e" + "\u0301\u0327" * 1_000_000
    began = time.process_time()
    assert len(composed(text, 128)) > 128
    assert time.process_time() - began < 0.1
