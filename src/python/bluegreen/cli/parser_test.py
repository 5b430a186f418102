"""What `--help` says of each command."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from bluegreen.cli.parser import parser


def below(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield each
                yield from below(each)


COMMANDS = list(below(parser()))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.prog)
def test_each_command_shows_examples_of_itself_that_are_right(
    command: argparse.ArgumentParser,
) -> None:
    shown = [line[2:] for line in (command.epilog or "").splitlines()[1:]]
    assert shown
    for line in shown:
        words = shlex.split(re.split(r" {2,}", line)[0])
        assert words[0] == "bluegreen"
        parser().parse_args(words[1:])
        said = [word for word in words if word not in {"-d", "-s", "production", "staging"}]
        assert " ".join(said).replace("other/deploy.toml ", "").startswith(command.prog)
        assert line in command.format_help()
