"""What changes of services have tested, and what they leave for the night."""

import pytest

from ci.command import Exit
from ci.testing.checks import COMMANDS, PAGE, PROTO, Checks
from ci.testing.repositories import Repository

SYSTEM = "tests/system/journey_test.py"
OWN = "src/python/services/stoats/rules.py"
SERVICES = {
    OWN: "",
    "src/python/services/stoats/rules_test.py": f"{OWN}\n",
    "src/python/services/stoats/__main__.py": f"{OWN}\n",
    "src/python/services/stoats/BUILD": "",
    "src/python/services/stoats/Dockerfile": "",
    "src/python/services/dormice/__main__.py": "",
    "src/python/chassis/run.py": "",
    "tests/stoats/caller_test.py": f"{OWN}\n",
    "tests/support/system.py": "# whole\nsrc/python/services/stoats/__main__.py\n"
    "src/python/services/dormice/__main__.py\nsrc/python/chassis/run.py\n",
    SYSTEM: "# whole\ntests/support/system.py\n",
    "tests/docs/site_test.py": f"{PAGE}\n",
}
LEFT = "1 suites about the whole system are left for the night"


@pytest.fixture
def system(service: Repository) -> Repository:
    """Two services, a caller of one, and a suite that starts both."""
    service.switch("develop")
    service.commit({**SERVICES, PAGE: COMMANDS})
    service.push("develop")
    service.branch("leaf")
    return service


@pytest.mark.parametrize("more", [{}, {PAGE: COMMANDS.replace("Run", "Type")}])
def test_a_change_of_one_service_leaves_the_whole_system_for_the_night(
    system: Repository, check: Checks, more: dict[str, str]
) -> None:
    system.commit({OWN: "# changed\n", **more})
    assert check() is Exit.PASSED
    assert [path for path in check.tested if not path.startswith("tests/docs/")] == [
        "src/python/services/stoats/__main__.py",
        OWN,
        "src/python/services/stoats/rules_test.py",
        "tests/stoats/caller_test.py",
    ]
    summary = check.summary.read_text()
    assert LEFT in summary
    assert "`./pants run build-support/ci:merge-check -- --whole`" in summary
    assert f"- `{SYSTEM}`" in summary


def test_what_is_left_for_the_night_is_brought_back_where_that_is_asked(
    system: Repository, check: Checks
) -> None:
    system.commit({OWN: "# changed\n"})
    assert check("--whole") is Exit.PASSED
    assert SYSTEM in check.tested
    assert "night" not in check.summary.read_text()


@pytest.mark.parametrize(
    "changed",
    [
        {OWN: "#\n", "src/python/services/dormice/__main__.py": "#\n"},
        {OWN: "#\n", "src/python/chassis/run.py": "#\n"},
        {OWN: "#\n", PROTO: 'syntax = "proto3";\n// More.\n'},
        {OWN: "#\n", "src/python/services/stoats/BUILD": "#\n"},
        {OWN: "#\n", "src/python/services/stoats/Dockerfile": "#\n"},
        {OWN: "#\n", "infra/nginx/nginx.conf": "#\n"},
        {SYSTEM: SERVICES[SYSTEM] + "#\n"},
    ],
)
def test_what_is_of_more_than_one_service_has_the_whole_system_tested(
    system: Repository, check: Checks, changed: dict[str, str]
) -> None:
    system.commit(changed)
    assert check() is Exit.PASSED
    assert SYSTEM in check.tested
    assert "night" not in check.summary.read_text()


def test_a_command_of_a_page_has_the_suite_of_the_whole_system_run_it(
    system: Repository, check: Checks
) -> None:
    system.switch("develop")
    system.commit({SYSTEM: f"{SERVICES[SYSTEM]}{PAGE}\n"})
    system.push("develop")
    system.branch("page")
    system.commit({PAGE: COMMANDS.replace("mail send", "mail post"), OWN: "# changed\n"})
    assert check() is Exit.PASSED
    assert SYSTEM in check.tested


MACROS = "build-support/macros.py"
NAMES = """\
CONTRACTS = (
    "dormice",
)
SERVICES = ("stoats", *CONTRACTS)


def image(name):
    return name
"""
MADE = {
    MACROS: NAMES.replace("(\n", '(\n    "shrews",\n', 1),
    "src/python/services/shrews/__main__.py": "",
    "src/python/services/shrews/main_test.py": "src/python/services/shrews/__main__.py\n",
}


@pytest.fixture
def named(system: Repository) -> Repository:
    system.switch("develop")
    system.commit({MACROS: NAMES})
    system.push("develop")
    system.branch("shrews")
    return system


def test_a_new_service_reaches_its_tests_and_what_stands_for_all_services(
    named: Repository, check: Checks
) -> None:
    started = f"{SERVICES[SYSTEM]}src/python/services/shrews/__main__.py\n"
    named.commit({**MADE, SYSTEM: started})
    assert check() is Exit.PASSED
    assert check.tested == [MACROS, *sorted(MADE.keys() - {MACROS}), SYSTEM]


def test_a_service_that_is_no_more_reaches_what_stood_for_all_services(
    named: Repository, check: Checks
) -> None:
    starting = f"{SERVICES[SYSTEM]}src/python/services/shrews/__main__.py\n"
    named.commit({**MADE, SYSTEM: starting})
    named.git.run("push", "--quiet", "origin", "HEAD:develop")
    named.commit({**dict.fromkeys(MADE.keys() - {MACROS}), MACROS: NAMES})
    assert check() is Exit.PASSED
    assert check.tested == [MACROS, SYSTEM]


@pytest.mark.parametrize(
    "changed",
    [
        {**MADE, MACROS: MADE[MACROS].replace("return name", "return [name]")},
        # Named without files, and files without a name.
        {MACROS: MADE[MACROS]},
        {MACROS: NAMES.replace('    "dormice",\n', "")},
        {MACROS: NAMES.replace('("stoats", *CONTRACTS)', "(*CONTRACTS,)")},
        # Pants says what is wrong.
        {**MADE, MACROS: "CONTRACTS = ("},
    ],
)
def test_other_changes_of_the_macros_have_everything_tested(
    named: Repository, check: Checks, changed: dict[str, str]
) -> None:
    named.commit(changed)
    assert check() is Exit.PASSED
    assert "src/other_test.py" in check.tested
    assert f"`{MACROS}` reaches `::`" in check.summary.read_text()
