"""Commands and files on a server that a real sshd leads to."""

import _thread
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bluegreen.errors import LateError, PortError, TemporaryError
from bluegreen.ssh.connection import Address, Connection
from bluegreen.ssh.files import MOST_BYTES, REPLACE, Files
from tests.support import requirements, sshd
from tests.support.sshd import Sshd, known, make_key

SOON = 20.0
MOST_AT_A_TIME = 10
"""Of the commands of a connection: sshd's own MaxSessions."""


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    for program in ("sshd", "ssh-keygen"):
        if shutil.which(program) is None:
            requirements.missing(f"no server: install {program}")
    with tempfile.TemporaryDirectory() as scratch, sshd.running(Path(scratch), {}) as running:
        yield running


@pytest.fixture
def files(connection: Connection, tmp_path: Path) -> Files:
    return Files(connection, str(tmp_path / "deployer's own"))


def test_a_command_gives_what_it_wrote_and_how_it_ended(connection: Connection) -> None:
    script = 'read -r line; echo "got $line"; echo "and this" >&2; exit 3'
    done = connection.run(["sh", "-c", script], timeout=SOON, stdin="a 'quoted' $line\n")
    assert (done.code, done.output, done.errors) == (3, "got a 'quoted' $line\n", "and this\n")


def test_words_reach_the_server_as_they_are(connection: Connection) -> None:
    words = ["; touch x", "$(id)", "two  spaces", "*", "it's", ""]
    done = connection.run(["printf", "%s\\n", *words], timeout=SOON)
    assert done.output.splitlines() == words


def test_no_packet_of_a_command_waits_until_the_one_before_is_acknowledged(
    connection: Connection,
) -> None:
    transport = connection.client().get_transport()
    assert transport is not None
    assert isinstance(transport.sock, socket.socket)
    assert transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_more_commands_than_sshd_takes_at_a_time_wait_for_their_turn(
    connection: Connection,
) -> None:
    with ThreadPoolExecutor(MOST_AT_A_TIME + 4) as pool:
        asked = [
            pool.submit(connection.run, ["sleep", "1"], timeout=SOON)
            for _ in range(MOST_AT_A_TIME + 4)
        ]
        assert [each.result().code for each in asked] == [0] * len(asked)


def test_a_large_output_comes_whole(connection: Connection) -> None:
    done = connection.run(["sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x"], timeout=SOON)
    assert len(done.output) == 5_000_000


def test_what_a_signal_killed_is_no_broken_connection(connection: Connection) -> None:
    assert connection.run(["sh", "-c", "kill -9 $PPID; sleep 5"], timeout=SOON).code != 0


def test_a_command_that_takes_too_long_is_given_up_and_ends_on_the_server(
    connection: Connection, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    script = f"echo so far; echo $$ >{pid}; exec sleep 60"
    with pytest.raises(LateError, match=r"sh -c .* took longer than 2 s") as late:
        connection.run(["sh", "-c", script], timeout=2)
    assert late.value.wrote == "so far\n"
    process = Path("/proc") / pid.read_text().strip()
    assert process.exists()
    deadline = time.monotonic() + SOON
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not process.exists()
    assert connection.run(["true"], timeout=SOON).code == 0


@contextmanager
def once_there_is(file: Path, act: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as a command has written to a file, and is at work."""

    def wait() -> None:
        while not (file.exists() and file.read_text()):
            if over.wait(0.05):
                return
        if not over.wait(0.5):  # in which this side hears of it, too
            act()

    over = threading.Event()
    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        yield
    finally:
        over.set()
        waiting.join()


def test_a_command_ends_on_the_server_when_who_waits_for_it_is_interrupted(
    connection: Connection, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    with once_there_is(pid, _thread.interrupt_main), pytest.raises(KeyboardInterrupt):
        connection.run(["sh", "-c", f"echo $$ >{pid}; exec sleep 60"], timeout=60)
    process = Path("/proc") / pid.read_text().strip()
    deadline = time.monotonic() + SOON
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not process.exists()
    assert connection.run(["echo", "still here"], timeout=SOON).output == "still here\n"


def test_a_connection_that_breaks_within_a_command_is_temporary_and_made_anew(
    connection: Connection, server: Sshd, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    with (
        once_there_is(pid, server.kill_connections),
        pytest.raises(TemporaryError, match="broke"),
    ):
        connection.run(["sh", "-c", f"echo $$ >{pid}; exec sleep 60"], timeout=60)
    assert connection.run(["echo", "back"], timeout=SOON).output == "back\n"


def test_many_commands_share_a_connection(connection: Connection) -> None:
    codes: list[int] = []

    def run(number: int) -> None:
        codes.append(connection.run(["sh", "-c", f"exit {number}"], timeout=SOON).code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == list(range(8))


def test_a_server_with_another_key_is_refused(server: Sshd, tmp_path: Path) -> None:
    other = tmp_path / "known_hosts"
    other.write_text(known(server, make_key(tmp_path / "other")))
    one = Connection(Address.parse(server.address), other, server.key.read_text())
    with pytest.raises(PortError, match="is not the one in") as refused:
        one.run(["true"], timeout=SOON)
    assert not isinstance(refused.value, TemporaryError)


def test_a_server_that_is_not_known_is_refused_with_how_to_get_to_know_it(
    server: Sshd, tmp_path: Path
) -> None:
    nobody = tmp_path / "known_hosts"
    nobody.touch()
    one = Connection(Address.parse(server.address), nobody, server.key.read_text())
    with pytest.raises(PortError, match=f"ssh-keyscan -p {server.port} 127.0.0.1"):
        one.run(["true"], timeout=SOON)


def test_a_key_that_the_server_does_not_take_is_refused_with_what_to_do(
    server: Sshd, tmp_path: Path
) -> None:
    make_key(tmp_path / "stranger")
    key = (tmp_path / "stranger").read_text()
    one = Connection(Address.parse(server.address), server.known_hosts, key)
    with pytest.raises(PortError, match="authorized_keys"):
        one.run(["true"], timeout=SOON)


def test_a_key_that_is_none_is_refused_without_being_told(server: Sshd) -> None:
    one = Connection(Address.parse(server.address), server.known_hosts, "s3cr3t")
    with pytest.raises(PortError, match="no private key") as refused:
        one.run(["true"], timeout=SOON)
    assert "s3cr3t" not in str(refused.value)


def test_a_server_that_is_away_is_temporary(server: Sshd) -> None:
    away = Address("root", "127.0.0.1", 1)
    one = Connection(away, server.known_hosts, server.key.read_text())
    with pytest.raises(TemporaryError, match="cannot be reached"):
        one.run(["true"], timeout=SOON)


def test_a_file_is_replaced_whole_and_for_its_owner_alone(files: Files, tmp_path: Path) -> None:
    assert files.read("releases/one/lane.yml") is None
    for content in ("first\n", "", "später: €\n" * 10_000):
        files.write("releases/one/lane.yml", content)
        assert files.read("releases/one/lane.yml") == content
    written = tmp_path / "deployer's own" / "releases" / "one"
    assert [each.name for each in written.iterdir()] == ["lane.yml"]
    assert (written / "lane.yml").stat().st_mode & 0o077 == 0


def test_names_are_those_of_a_folder_and_go_with_it(files: Files) -> None:
    for name in ("b", "a"):
        files.write(f"releases/{name}/release.json", "{}")
    assert files.names("releases") == ["a", "b"]
    files.remove("releases/a")
    files.remove("releases/nothing")
    assert files.names("releases") == ["b"]
    assert files.names("nowhere") == []


def test_only_one_of_many_takes_the_place_of_what_all_saw(server: Sshd, tmp_path: Path) -> None:
    took: list[int] = []

    def take(number: int) -> None:
        key = server.key.read_text()
        one = Connection(Address.parse(server.address), server.known_hosts, key)
        if Files(one, str(tmp_path)).swap("lock.json", None, f"{number}"):
            took.append(number)
        one.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 1
    assert (tmp_path / "lock.json").read_text() == f"{took[0]}"


def test_a_file_is_swapped_for_what_it_was_alone(files: Files) -> None:
    assert files.swap("lock.json", None, "mine")
    assert not files.swap("lock.json", "another's", None)
    assert files.swap("lock.json", "mine", "still mine")
    assert files.swap("lock.json", "still mine", None)
    assert files.read("lock.json") is None


def test_a_line_that_a_crash_cut_short_is_ended_before_the_next(
    files: Files, tmp_path: Path
) -> None:
    files.append("audit.jsonl", '{"step": "pull"}')
    with (tmp_path / "deployer's own" / "audit.jsonl").open("a") as log:
        log.write('{"step": "sta')
    files.append("audit.jsonl", '{"step": "start"}')
    lines = ['{"step": "pull"}', '{"step": "sta', '{"step": "start"}']
    assert files.read("audit.jsonl") == "".join(f"{line}\n" for line in lines)


def test_the_last_lines_of_a_file_are_had_without_the_rest(files: Files) -> None:
    assert files.tail("audit.jsonl", 2) == ""
    for number in range(4):
        files.append("audit.jsonl", f"{number}")
    assert files.tail("audit.jsonl", 2) == "2\n3\n"
    assert files.tail("audit.jsonl", None) == "0\n1\n2\n3\n"


def test_a_file_that_grows_for_ever_is_set_aside_twice_at_the_most(
    files: Files, tmp_path: Path
) -> None:
    log = tmp_path / "deployer's own" / "audit.jsonl"
    files.append("audit.jsonl", "first")
    for line in ("second", "third"):
        with log.open("a") as grown:
            grown.write("x" * MOST_BYTES)
        files.append("audit.jsonl", line)
    assert files.read("audit.jsonl") == "third\n"
    assert files.tail("audit.jsonl", 1) == "third\n"
    assert files.tail("audit.jsonl", 3).splitlines()[::2] == ["second", "third"]
    assert files.tail("audit.jsonl", None).splitlines()[::2] == ["second", "third"]


def test_what_does_not_arrive_whole_takes_no_place(files: Files, tmp_path: Path) -> None:
    files.write("state.json", "before")
    path = tmp_path / "deployer's own" / "state.json"
    # As when the connection breaks: less comes than was announced, and then the end.
    announced = ["sh", "-c", REPLACE, "sh", str(path), "100"]
    done = subprocess.run(announced, input=b"cut", check=False, capture_output=True)  # noqa: S603  # the deployer's own script
    assert done.returncode != 0
    assert files.read("state.json") == "before"
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


def test_the_clock_is_the_servers(files: Files) -> None:
    assert abs((files.now() - datetime.now(UTC)).total_seconds()) < SOON
