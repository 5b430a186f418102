"""The runner on small processes: what it starts it ends, however it is ended itself."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from local.port_block import PortBlock
from tests.local.ports import free_block
from tests.local.running import Running, page, press_restart, running, runs
from tests.local.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


@pytest.fixture
def ports() -> PortBlock:
    return free_block()


@pytest.fixture
def ready(scratch: Scratch, ports: PortBlock) -> Iterator[Running]:
    with running(scratch.root, "--port", str(ports.base)) as runner:
        runner.wait_for("ready in")
        runner.children()
        yield runner


def test_each_part_is_a_line_with_its_time_and_the_url_is_the_last_thing(
    ready: Running, ports: PortBlock
) -> None:
    for line in ("publish      done", "base         ready", "alpha        ready"):
        assert line in ready.output
    assert ready.output.index("base    ") < ready.output.index("alpha   ")
    assert f"http://127.0.0.1:{ports.base}" in ready.output.split("ready in")[1]
    assert page(ports.account) == "alpha 1"


def test_ctrl_c_stops_all_in_reverse_order_and_leaves_nothing(ready: Running) -> None:
    ready.guard()
    ready.press_ctrl_c()
    assert ready.code() == 0
    stopped = [line.split()[0] for line in ready.output.splitlines() if " stopped " in line]
    assert stopped == ["alpha", "beta", "base"]
    ready.assert_nothing_left()
    assert ready.children() == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_wishes_to_end_are_obeyed_as_well(ready: Running, number: signal.Signals) -> None:
    ready.signal(number)
    assert ready.code() == 0
    ready.assert_nothing_left()


def test_closed_terminal_leaves_nothing(ready: Running) -> None:
    ready.guard()
    ready.close_terminal()
    assert ready.code() == 0
    ready.assert_nothing_left()


def test_killed_runner_leaves_nothing_and_the_next_start_works(
    scratch: Scratch, ports: PortBlock, ready: Running
) -> None:
    ready.guard()
    ready.signal(signal.SIGKILL)
    with running(scratch.root) as again:
        again.wait_for("ready in")
        ready.assert_nothing_left()
        assert page(ports.account) == "alpha 1"


def test_what_a_killed_guard_left_is_ended_by_the_next_start(
    scratch: Scratch, ready: Running
) -> None:
    left = ready.children()
    os.kill(ready.guard(), signal.SIGKILL)
    ready.signal(signal.SIGKILL)
    ready.code()
    with running(scratch.root) as again:
        again.wait_for("ready in")
        assert f"base ({left['base']})" in again.output
        ready.assert_nothing_left()


def test_second_start_is_refused_and_names_the_first(scratch: Scratch, ready: Running) -> None:
    with running(scratch.root) as second:
        assert second.code() == 1
        assert f"process {ready.pid}" in second.output
        assert "http://127.0.0.1:" in second.output
    assert ready.children().keys() == {"base", "alpha", "beta"}


@pytest.mark.usefixtures("ready")
def test_reset_is_refused_while_the_checkout_runs(scratch: Scratch) -> None:
    with running(scratch.root, "--reset") as second:
        assert second.code() == 1
        assert "deleting" not in second.output
    assert (scratch.root / ".local" / "logs").is_dir()


def test_reset_says_what_it_deletes_and_keeps_the_port(
    scratch: Scratch, ports: PortBlock, ready: Running
) -> None:
    ready.press_ctrl_c()
    ready.code()
    data = scratch.root / ".local" / "postgres"
    data.mkdir()
    (data / "rows").write_text("x" * 2000)
    with running(scratch.root, "--reset") as again:
        again.wait_for("ready in")
        assert "deleting postgres (2 kB)" in again.output
        assert not data.exists()
        assert page(ports.account) == "alpha 1"


def test_port_in_use_names_its_owner_and_the_option(scratch: Scratch, ports: PortBlock) -> None:
    with socket.create_server(("127.0.0.1", ports.account)):
        with running(scratch.root, "--port", str(ports.base)) as runner:
            assert runner.code() == 1
            assert f"port {ports.account}, which alpha needs" in runner.output
            assert f"process {os.getpid()}" in " ".join(runner.output.split())
            assert "--port " in runner.output
        assert not (scratch.root / ".local" / "port").exists()


def test_saved_file_restarts_only_the_service_that_is_made_of_it(
    scratch: Scratch, ports: PortBlock, ready: Running
) -> None:
    before = ready.children()
    scratch.save("services/alpha/text.py", "TEXT = 'alpha 2'\n")
    ready.wait_for("alpha reloaded in")
    assert "text.py changed" in ready.output
    after = ready.children()
    assert page(ports.account) == "alpha 2"
    assert after["alpha"] != before["alpha"]
    assert (after["beta"], after["base"]) == (before["beta"], before["base"])


def test_shared_file_restarts_all_services_and_no_server(scratch: Scratch, ready: Running) -> None:
    before = ready.children()
    text = (scratch.sources / "serving" / "__init__.py").read_text()
    scratch.save("serving/__init__.py", f"{text}\n# changed\n")
    ready.wait_for("alpha reloaded in").wait_for("beta reloaded in")
    assert ready.children()["base"] == before["base"]


def test_watched_directory_runs_its_step_again(scratch: Scratch, ready: Running) -> None:
    scratch.save("services/alpha/static/site.css", "body { color: red }\n")
    ready.wait_for("publish reloaded in").wait_for("alpha reloaded in")
    assert "beta reloaded" not in ready.output


def test_file_with_a_syntax_error_keeps_the_old_process(
    scratch: Scratch, ports: PortBlock, ready: Running
) -> None:
    before = ready.children()
    scratch.save("services/alpha/text.py", "TEXT = 'alpha\n")
    ready.wait_for("text.py:1: unterminated string literal")
    assert page(ports.account) == "alpha 1"
    assert ready.children() == before
    scratch.save("services/beta/text.py", "TEXT = 'beta 2'\n")
    ready.wait_for("beta reloaded in")
    scratch.save("services/alpha/text.py", "TEXT = 'alpha 3'\n")
    ready.wait_for("alpha reloaded in")
    assert page(ports.account) == "alpha 3"


def test_crash_shows_the_log_and_the_next_good_save_starts_it_again(
    scratch: Scratch, ports: PortBlock, ready: Running
) -> None:
    scratch.save("services/alpha/text.py", "import missing_module\n")
    ready.wait_for("alpha ended with exit code 1")
    ready.wait_for("No module named 'missing_module'").wait_for("probably: a package is missing")
    assert page(ports.identity) == "beta 1"
    scratch.save("services/alpha/text.py", "TEXT = 'alpha 4'\n")
    ready.wait_for("alpha reloaded in")
    assert page(ports.account) == "alpha 4"


def test_save_that_hangs_at_its_start_keeps_no_later_one_waiting(
    scratch: Scratch, ports: PortBlock, ready: Running
) -> None:
    scratch.save("services/alpha/text.py", "import time\ntime.sleep(60)\n")
    time.sleep(1)
    hanging = ready.children()["alpha"]
    scratch.save("services/beta/text.py", "TEXT = 'beta 2'\n")
    ready.wait_for("beta reloaded in")
    scratch.save("services/alpha/text.py", "TEXT = 'alpha 2'\n")
    ready.wait_for("alpha reloaded in")
    assert page(ports.account) == "alpha 2"
    assert not runs(hanging)
    assert "alpha not ready" not in ready.output


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path)])
def test_what_looks_like_a_module_and_is_no_file_hinders_no_reload(
    scratch: Scratch, ready: Running, make: Callable[[Path], None]
) -> None:
    make(scratch.sources / "services" / "alpha" / "odd.py")
    time.sleep(1)
    scratch.save("services/alpha/text.py", "TEXT = 'alpha 2'\n")
    ready.wait_for("alpha reloaded in")


def test_file_that_vanishes_while_it_is_looked_at_leaves_the_save_for_the_next_one(
    scratch: Scratch, ready: Running
) -> None:
    gone = scratch.root / ".local" / "codegen" / "gone_pb2.py"
    gone.parent.mkdir()
    gone.symlink_to("nowhere")
    scratch.save("services/alpha/text.py", "TEXT = 'alpha 2'\n")
    ready.wait_for("the next save tries again: ").wait_for("gone_pb2.py")
    gone.unlink()
    scratch.save("services/beta/text.py", "TEXT = 'beta 2'\n")
    ready.wait_for("alpha reloaded in").wait_for("beta reloaded in")


def test_button_of_the_developer_page_restarts_a_process(ports: PortBlock, ready: Running) -> None:
    before = ready.children()
    assert press_restart(ports.developer, "base") == httpx.codes.SEE_OTHER
    ready.wait_for("base reloaded in")
    after = ready.children()
    assert {name for name in before if before[name] != after[name]} == {"base"}


def test_killed_service_is_told_at_once(ready: Running) -> None:
    os.kill(ready.children()["beta"], signal.SIGKILL)
    ready.wait_for("beta was ended by SIGKILL", seconds=10)
    press = "to start it again: press Restart on the page for developers"
    ready.wait_for(f"{press}, or save one of its files")
    os.kill(ready.children()["base"], signal.SIGKILL)
    ready.wait_for("base was ended by SIGKILL").wait_for(f"{press}\r\n")


def test_service_that_cannot_start_does_not_hinder_the_rest(
    scratch: Scratch, ports: PortBlock
) -> None:
    scratch.save("services/alpha/text.py", "raise SystemExit(3)\n")
    with running(scratch.root, "--port", str(ports.base)) as runner:
        runner.wait_for("without alpha")
        runner.children()
        assert "alpha ended with exit code 3" in runner.output
        assert page(ports.identity) == "beta 1"
        runner.press_ctrl_c()
        assert runner.code() == 0
        runner.assert_nothing_left()


def test_without_watch_a_service_that_cannot_start_fails_the_start(
    scratch: Scratch, ports: PortBlock
) -> None:
    scratch.save("services/alpha/text.py", "raise SystemExit(3)\n")
    with running(scratch.root, "--port", str(ports.base), "--no-watch") as runner:
        assert runner.code() == 1
        assert "alpha ended with exit code 3" in runner.output


def test_second_ctrl_c_does_not_wait(scratch: Scratch, ports: PortBlock) -> None:
    scratch.save("services/alpha/text.py", "TEXT = 'alpha'\n")
    scratch.save(
        "services/alpha/__main__.py",
        "import signal, sys, serving\nfrom services.alpha.text import TEXT\n"
        "keep = signal.signal\nsignal.signal = lambda *a: keep(signal.SIGTERM, signal.SIG_IGN)\n"
        "serving.serve(TEXT)\n",
    )
    with running(scratch.root, "--port", str(ports.base)) as runner:
        runner.wait_for("ready in")
        runner.children()
        runner.press_ctrl_c()
        runner.wait_for("stopping")
        time.sleep(0.8)
        runner.press_ctrl_c()
        assert runner.code() == 130
        runner.assert_nothing_left()
