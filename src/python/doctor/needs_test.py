from dataclasses import replace

import pytest

from bluegreen.setup.findings import Verdict
from doctor import needs
from doctor.machine import Engine, Machine
from doctor.needs import COMMANDS, PROGRAMS, in_the_way

WHOLE = Machine(
    root=True,
    launcher="",
    pythons={"3.13": "/usr/bin/python3.13", "3.9": "/usr/bin/python3.9"},
    programs={name: f"/usr/bin/{name}" for name in PROGRAMS},
    git="2.39.5",
    java=17,
    free_bytes={"/checkout": 40 * needs.GIGABYTE, "/cache": 30 * needs.GIGABYTE},
    memory=4 * needs.GIGABYTE,
    open_files=4096,
    watches=65_536,
    folders=900,
    base=8080,
    taken={},
    runs_at="",
    engine=Engine(version="26.1.5+dfsg1", compose="2.26.1-4", buildx="0.13.1"),
    environment={
        f"TANDEM_TEST_{name}": "/there" for name in ("KAFKA_LIBS", "CHROMIUM", "PROMETHEUS")
    },
    kept={},
    placeholders=False,
)
NO_DOCKER = {name: path for name, path in WHOLE.programs.items() if name != "docker"}
LOCAL, TEST = "./pants run :local", "./pants test ::"


def lacking(machine: Machine) -> dict[str, list[str]]:
    """What each command lacks, by the names of the findings."""
    found = {
        command.line: [
            each.name for each in command.look(machine) if each.verdict is Verdict.PROBLEM
        ]
        for command in COMMANDS
    }
    return {line: names for line, names in found.items() if names}


def blocked(machine: Machine) -> list[str]:
    return in_the_way({command.line: command.look(machine) for command in COMMANDS})


def test_a_machine_that_has_everything_lacks_nothing() -> None:
    assert lacking(WHOLE) == {}
    assert all(each.verdict is Verdict.OK for command in COMMANDS for each in command.look(WHOLE))


@pytest.mark.parametrize(
    "machine",
    [
        replace(WHOLE, pythons={"3.13": "", "3.9": "/usr/bin/python3.9"}),
        replace(WHOLE, pythons={"3.13": "/usr/bin/python3.13", "3.9": ""}),
        replace(WHOLE, programs={**WHOLE.programs, "git": ""}),
        replace(WHOLE, programs={**WHOLE.programs, "setpriv": ""}),
        replace(WHOLE, free_bytes={"/checkout": 1, "/cache": 30 * needs.GIGABYTE}),
        replace(WHOLE, watches=1000),
    ],
)
def test_what_both_commands_of_the_readme_need_is_in_their_way(machine: Machine) -> None:
    assert blocked(machine) == [LOCAL, TEST]


def test_taken_ports_are_in_the_way_of_the_local_system_alone() -> None:
    machine = replace(WHOLE, taken={8080: "nginx (process 7, in /)"})
    assert blocked(machine) == [LOCAL]
    assert lacking(machine) == {LOCAL: ["ports"]}
    assert "--port 9080" in needs.ports(machine).advice


def test_the_systems_own_ports_are_no_problem() -> None:
    assert (
        "http://127.0.0.1:8080" in needs.ports(replace(WHOLE, runs_at="http://127.0.0.1:8080")).said
    )


def test_the_launcher_of_pants_needs_no_interpreter_of_its_own() -> None:
    machine = replace(WHOLE, launcher="/usr/bin/pants", pythons={"3.13": "/usr/bin/python3.13"})
    assert lacking(machine) == {}


@pytest.mark.parametrize(
    "machine",
    [
        replace(WHOLE, programs=NO_DOCKER, engine=Engine()),
        replace(WHOLE, engine=Engine(said={"version": "Cannot connect to the Docker daemon"})),
        replace(WHOLE, engine=replace(WHOLE.engine, version="24.0.9")),
    ],
)
def test_without_an_engine_only_what_runs_in_containers_is_impossible(machine: Machine) -> None:
    assert blocked(machine) == []
    assert {line for line, names in lacking(machine).items() if "Docker" in names} == {
        "./pants package ::",
        "docker compose up   (in infra/compose)",
        "suites in Docker",
        "infra/images/make-bases",
        "infra/images/make-bases observability",
        "./pants run :bluegreen -- deploy",
    }


def test_who_may_not_use_the_engine_is_told_how_to() -> None:
    said = {"version": "permission denied while trying to connect to the docker API"}
    assert "usermod" in needs.engine(replace(WHOLE, engine=Engine(said=said))).advice


@pytest.mark.parametrize(("version", "verdict"), [("", "problem"), ("2.23.0", "problem")])
def test_a_compose_that_is_too_old_is_told(version: str, verdict: str) -> None:
    machine = replace(WHOLE, engine=replace(WHOLE.engine, compose=version))
    found = needs.compose(machine)
    assert found.verdict == verdict
    assert "2.24" in found.advice


def test_base_images_can_be_had_otherwise() -> None:
    machine = replace(WHOLE, engine=replace(WHOLE.engine, lacks=("nginx:1.31-trixie",)))
    assert needs.bases(machine).verdict is Verdict.WARNING


@pytest.mark.parametrize(("java", "said"), [(0, "there is no Java"), (11, "Java 11 is too old")])
def test_suites_on_kafka_need_java(java: int, said: str) -> None:
    machine = replace(WHOLE, java=java)
    assert needs.java(machine).said == said
    assert set(lacking(machine)) == {"suites on real servers", "./pants run benchmarks:transport"}


@pytest.mark.parametrize("program", ["docker-registry", "sshd", "ip", "iptables"])
def test_a_program_that_is_not_there_is_told_with_its_package(program: str) -> None:
    machine = replace(WHOLE, programs={**WHOLE.programs, program: ""})
    [finding] = [
        each
        for command in COMMANDS
        for each in command.look(machine)
        if each.verdict is Verdict.PROBLEM
    ]
    assert finding.name == program
    assert "Debian: " in finding.advice


def test_what_go_builds_needs_go() -> None:
    machine = replace(WHOLE, programs={**WHOLE.programs, "go": ""})
    assert lacking(machine) == {
        "./pants run build-support:workflows": ["go"],
        "infra/images/make-bases observability": ["go"],
        ".ci/run": ["go"],
    }


@pytest.mark.parametrize("version", ["2.37.9", ""])
def test_a_merge_check_needs_a_git_that_merges_without_a_work_tree(version: str) -> None:
    machine = replace(WHOLE, git=version, programs={**WHOLE.programs, "git": version})
    assert "git" in lacking(machine)["./pants run build-support/ci:merge-check"]
    assert (lacking(machine).keys() == {"./pants run build-support/ci:merge-check"}) is bool(
        version
    )


def test_a_user_cannot_run_everything_and_is_told_who_can() -> None:
    machine = replace(WHOLE, root=False)
    assert lacking(machine) == {".ci/run": ["root"]}
    assert ".ci/run" in needs.only_superuser(machine).advice


def test_everything_installs_what_lacks_where_it_can() -> None:
    programs = {**WHOLE.programs, "mmdebstrap": "", "docker-registry": ""}
    found = needs.packages(replace(WHOLE, programs=programs))
    assert found.verdict is Verdict.OK
    assert "mmdebstrap" in found.said
    found = needs.packages(replace(WHOLE, programs={**programs, "apt-get": ""}))
    assert found.verdict is Verdict.PROBLEM
    assert "docker-registry" in found.said


def test_what_was_fetched_is_named_where_no_variable_does() -> None:
    kept = {"TANDEM_TEST_KAFKA_LIBS": "/cache/kafka"}
    machine = replace(WHOLE, environment={}, kept=kept)
    assert needs.kafka(machine).advice == "set it to /cache/kafka"
    assert needs.kafka_found(machine).verdict is Verdict.OK


def test_every_problem_says_what_to_do() -> None:
    nothing = Machine(
        root=True,
        launcher="",
        pythons={},
        programs={},
        git="",
        java=0,
        free_bytes={"/": 0},
        memory=0,
        open_files=0,
        watches=0,
        folders=1,
        base=8080,
        taken={8080: "somebody"},
        runs_at="",
        engine=Engine(),
        environment={},
        kept={},
        placeholders=True,
    )
    found = [each for command in COMMANDS for each in command.look(nothing)]
    assert [each for each in found if each.verdict is not Verdict.OK and not each.advice] == []
