import subprocess
import sys
import time
from pathlib import Path

import pytest

from ci.errors import CheckError
from ci.pants import CheckoutPants, environment


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    pants = tmp_path / "pants"
    pants.write_text(
        "#!/bin/sh\n"
        'echo "said of $*" >&2\n'
        'case "$1" in wrong) exit 3 ;; where) pwd ;; *) echo "$GITHUB_TOKEN-$1"; echo b ;; esac\n'
    )
    pants.chmod(0o755)
    return tmp_path


def test_it_runs_in_its_checkout(checkout: Path) -> None:
    assert CheckoutPants(checkout).lines("where") == [str(checkout)]


def test_suites_that_want_the_checkout_have_its_own(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_TEST_CHECKOUT", "/another")
    (checkout / "pants").write_text('#!/bin/sh\necho "$TANDEM_TEST_CHECKOUT"\n')
    assert CheckoutPants(checkout).lines("list") == [str(checkout)]


def test_a_target_may_have_spaces_in_its_name(checkout: Path) -> None:
    """As those of files have."""
    assert CheckoutPants(checkout).lines("docs/two words.md") == ["-docs/two words.md", "b"]


def test_what_it_says_is_shown_when_it_fails(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pants = CheckoutPants(checkout)
    pants.lines("list")
    assert not capsys.readouterr().err
    with pytest.raises(CheckError, match="wrong x ended with 3"):
        pants.lines("wrong", "x")
    assert capsys.readouterr().err.strip() == "said of wrong x"
    assert pants.run("wrong") == 3


def test_the_token_that_fetches_is_not_given_to_what_is_tested(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    assert CheckoutPants(checkout).lines("list") == ["-list", "b"]
    kept = environment({"GIT_CONFIG_VALUE_0": "!secret", "PEX_PATH": "x", "PATH": "/bin"})
    assert kept == {"PATH": "/bin"}


def test_what_is_tested_is_not_told_the_repository_of_a_hook() -> None:
    assert environment({"GIT_DIR": "/mine", "GIT_INDEX_FILE": "x", "A": "b"}) == {"A": "b"}


def test_a_checkout_without_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match=r"no \./pants"):
        CheckoutPants(tmp_path).run("test")


def test_its_daemon_is_ended(checkout: Path) -> None:
    daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    file = checkout / ".pids" / "abc" / "pantsd" / "pid"
    file.parent.mkdir(parents=True)
    file.write_text(f"{daemon.pid}\n")
    began = time.monotonic()
    CheckoutPants(checkout).stop()
    assert daemon.wait(timeout=30) != 0
    assert time.monotonic() - began < 30
    # Neither one that is gone already, nor what is no number, is in the way.
    CheckoutPants(checkout).stop()
    file.write_text("nonsense")
    CheckoutPants(checkout).stop()
