import stat
import sys
from pathlib import Path

import pytest

from bluegreen.errors import PortError
from bluegreen.setup.making import completed, private_folder

_MAKER = """\
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "made").write_text((folder / "known").read_text() + " and more")
(folder / ".half").write_text("x")
pathlib.Path("where").write_text(str(folder))
"""


def test_what_is_missing_is_made_beside_what_is_known_and_nothing_stays(tmp_path: Path) -> None:
    command = (sys.executable, "-c", _MAKER, "{folder}")
    whole = completed(command, {"known": "a"}, tmp_path, {}, 30.0)
    assert whole == {"known": "a", "made": "a and more"}
    assert not Path((tmp_path / "where").read_text()).exists()


def test_a_maker_that_fails_shows_no_secret(tmp_path: Path) -> None:
    maker = "import sys; print('bad: s3cr3t'); sys.exit(3)"
    with pytest.raises(PortError, match="ended with 3") as raised:
        completed(
            (sys.executable, "-c", maker, "{folder}"), {"known": "s3cr3t\n"}, tmp_path, {}, 30.0
        )
    assert raised.value.detail == "bad: [REDACTED]"


def test_the_folder_is_for_this_user_alone_and_its_files_are_overwritten() -> None:
    with private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        file = folder / "secret"
        file.write_text("s3cr3t")
        file.chmod(0o444)
        opened = file.open("rb")
    with opened:
        assert opened.read() == bytes(6)
    assert not folder.exists()
