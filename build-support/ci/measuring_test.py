from pathlib import Path

import pytest

from ci.command import Exit
from ci.errors import CheckError
from ci.growing import grow
from ci.reach_table import parser, run
from ci.testing.fake_pants import FakePants
from ci.testing.repositories import Repository

MACROS = "build-support/macros.py"
IMAGE = "src/python/services/identity/image.py"
SERVICE = {
    MACROS: Path(MACROS).read_text(),
    "src/python/services/identity/BUILD": 'service_image("identity", [])\n',
    "src/python/services/identity/sign_up.py": "src/protos/tandem/identity/v1/identity.proto\n",
    "src/python/services/identity/sign_up_test.py": "src/python/services/identity/sign_up.py\n",
    "src/protos/tandem/identity/v1/identity.proto": "service Identity {}\n",
    IMAGE: "src/python/services/identity/sign_up.py\n",
    "tests/system/all_test.py": "# whole\nsrc/python/services/identity/sign_up.py\n",
    "pants.toml": "[GLOBAL]\n",
    "docs/architecture.md": "Text.\n",
}


@pytest.fixture
def service(repository: Repository) -> Repository:
    repository.commit(SERVICE)
    return repository


def test_a_copy_has_its_own_names_everywhere(service: Repository) -> None:
    assert grow(service.folder, 2) == ["idcopy01", "idcopy02"]
    proto = service.folder / "src/protos/tandem/idcopy02/v1/idcopy02.proto"
    assert proto.read_text() == "service Idcopy02 {}\n"
    test = service.folder / "src/python/services/idcopy01/sign_up_test.py"
    assert test.read_text() == "src/python/services/idcopy01/sign_up.py\n"
    named: dict[str, object] = {}
    exec((service.folder / MACROS).read_text(), named)  # noqa: S102 - our own, as Pants does
    services = named["SERVICES"]
    assert services == ("account", "idcopy01", "idcopy02", "database", "identity")


def test_copies_that_can_be_named_nowhere_are_refused(service: Repository) -> None:
    service.commit({MACROS: "SERVICES = []\n"})
    with pytest.raises(CheckError, match="has no line"):
        grow(service.folder, 1)
    assert not (service.folder / "src/python/services/idcopy01").exists()


def test_a_change_of_one_service_reaches_none_of_its_copies(
    service: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    before = service.state()
    given = parser().parse_args(
        ["--services", "5", "--run", "contract", "docs", "nobody", "everything"]
    )
    assert run(given, FakePants, service.folder) is Exit.PASSED
    assert service.state() == before
    docs, leaf, contract, everything = capsys.readouterr().out.splitlines()[2:]
    assert "| 0 | 0 | 0 | 0 |" in docs
    assert "| 3 | 1 | 0 | 1 |" in leaf
    assert "| 5 | 2 | 0 | 1 |" in contract
    assert "| 15 | 4 | 0 | 3 |" in everything


def test_images_that_are_reached_are_built_and_the_night_has_its_suites(
    service: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[FakePants] = []

    def making(checkout: Path) -> FakePants:
        made.append(FakePants(checkout))
        return made[-1]

    given = parser().parse_args(["--run", "module of a service"])
    assert run(given, making, service.folder) is Exit.PASSED
    assert [each[1:] for each in made[0].ran] == [("lint", "check", "test"), ("package",)]
    assert made[0].tested == [IMAGE]
    assert "| 3 | 1 | 1 | 1 |" in capsys.readouterr().out


def test_a_run_that_fails_is_said(service: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    def failing(checkout: Path) -> FakePants:
        return FakePants(checkout, ("test",))

    given = parser().parse_args(["--run", "a test"])
    assert run(given, failing, service.folder) is Exit.FAILED
    assert "failed |" in capsys.readouterr().out


def test_words_that_no_change_has_are_refused(service: Repository) -> None:
    with pytest.raises(CheckError, match="no change has one of these words: lokfile"):
        run(parser().parse_args(["lokfile"]), FakePants, service.folder)
