"""Commands are found in a page as people read them, and run as they type them."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.docs.commands import (
    Command,
    NoSuchCommandError,
    block,
    chosen,
    commands,
    in_sentences,
)

PAGE = """\
Some words, `$ not this`, nor `bluegreen`; `TANDEM_A=1 ./pants test a:: && git fetch` is one, and
`curl http://127.0.0.1:8080` is, but `python -m a …` leaves something open.

```console
$ ./pants run :local         # it ends with an address
ready in 1.5 s
  # as it is
root@www# useradd --create-home deploy
$ cd infra/compose
$ export A="$(cat b)" C='x # y'
$ docker compose up --wait
```

```sh
python -m grpc_kafka.call --list tandem
python -m grpc_kafka.call \\
    --lane blue \\
    tandem.identity.v1.Identity/SignIn - < sign-in.json
                             # nothing more
```

- a point

  ```console
  $ cd a && ls
    as written
  ```

```
$ not this
```

```python
print(1)
```
"""


@pytest.fixture(scope="module")
def found() -> list[Command]:
    return commands("docs/page.md", PAGE)


def test_a_sentence_has_those_that_are_whole() -> None:
    assert [each.text for each in in_sentences("docs/page.md", f"{PAGE}{PAGE}")] == [
        "TANDEM_A=1 ./pants test a:: && git fetch",
        "curl http://127.0.0.1:8080",
    ]


def test_commands_are_those_of_blocks_of_shell_without_prompts_and_comments(
    found: list[Command],
) -> None:
    assert [each.text for each in found] == [
        "./pants run :local",
        "useradd --create-home deploy",
        "docker compose up --wait",
        "python -m grpc_kafka.call --list tandem",
        "python -m grpc_kafka.call --lane blue tandem.identity.v1.Identity/SignIn - < sign-in.json",
        "cd a && ls",
    ]


def test_what_is_shown_below_a_command_is_its_output(found: list[Command]) -> None:
    assert found[0].output == "ready in 1.5 s\n  # as it is\n"
    assert found[1].output == ""
    assert found[-1].output == "  as written\n"


def test_a_change_of_folder_or_variables_prepares_the_commands_after_it(
    found: list[Command],
) -> None:
    prepared = ("cd infra/compose", """export A="$(cat b)" C='x # y'""")
    assert [each.prepared for each in found] == [(), (), prepared, (), (), ()]


def test_what_prepares_nothing_is_a_command() -> None:
    assert [each.text for each in commands("page", "```console\n$ export A=1\n```\n")] == [
        "export A=1"
    ]


def test_a_command_is_chosen_by_all_of_it_or_by_words_of_it() -> None:
    page = commands("page", "```sh\nrun\nrun --dry\nwalk far\n```\n")
    assert chosen(page, "page", "run").text == "run"
    assert chosen(page, "page", "far").text == "walk far"
    twice = commands("page", "```sh\ncd a\nls\n```\n\n```sh\ncd b\nls\n```\n")
    assert chosen(twice, "page", "cd b\nls").prepared == ("cd b",)
    for wrong in ("r", "fly"):
        with pytest.raises(NoSuchCommandError):
            chosen(page, "page", wrong)


def test_it_is_run_in_bash_with_what_stands_for_placeholders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    command = Command("page", 'pwd; cat; echo "$A 127.0.0.1:9092"; false', ("cd sub",))
    done = command.run(
        folder=tmp_path,
        environment={**os.environ, "A": "b"},
        instead={"127.0.0.1:9092": "host:1"},
        typed="typed\n",
    )
    assert (done.code, done.said) == (1, f"{tmp_path}/sub\ntyped\nb host:1\n")


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    command = Command("page", "sleep 60 & echo $! > pid; wait")
    with pytest.raises(subprocess.TimeoutExpired):
        command.run(folder=tmp_path, timeout=5)
    pid = int((tmp_path / "pid").read_text())
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(20)


@pytest.mark.parametrize("name", ["echo", "localhost:9092"])
def test_nothing_else_is_replaced(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyError):
        Command("page", "echo a").run(folder=tmp_path, instead={name: "b"})


def test_a_block_is_found_by_its_language_and_words() -> None:
    assert '"live-restore": true' in block("docs/deploying.md", "json", "live-restore")
    with pytest.raises(NoSuchCommandError):
        block("docs/deploying.md", "json", "no such words")
