from pathlib import Path

from ci.outcomes import REPORTS, Outcomes, outcomes

# As pytest writes them: of functions and of a class, and of a module that skips itself.
FIRST = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" tests="4">
<testcase classname="mail.sent_test" name="test_it" time="0.1" />
<testcase classname="mail.sent_test" name="test_all"><skipped message="no">x</skipped></testcase>
<testcase classname="mail.kept_test.TestKept" name="test_one"><skipped message="no" /></testcase>
<testcase classname="mail.kept_test" name="test_two"><skipped message="no" /></testcase>
</testsuite></testsuites>
"""
SECOND = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest">
<testcase classname="" name="tests.engine_test"><skipped message="collection skipped" /></testcase>
<testcase classname="lost_test" name="test_it"><failure message="assert 0">x</failure></testcase>
<testcase classname="lost_test" name="test_that"><error message="no fixture">x</error></testcase>
</testsuite></testsuites>
"""


def test_what_was_skipped_is_told_from_what_passed(tmp_path: Path) -> None:
    folder = tmp_path / REPORTS
    (folder / "more").mkdir(parents=True)
    (folder / "tests.mail.xml").write_text(FIRST)
    (folder / "more/tests.engine.xml").write_text(SECOND)
    found = outcomes(tmp_path)
    assert found == Outcomes(1, 4, 2, ("mail.kept_test", "tests.engine_test"))
    assert str(found) == ("1 tests passed, 4 were skipped, 2 failed; 2 files skipped all of theirs")


def test_where_nothing_ran_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert str(outcomes(tmp_path)) == "0 tests passed, 0 were skipped"
