from collections.abc import Mapping

import pytest

from bluegreen.bundle import digest
from bluegreen.errors import PortError, RefusedError, SettingsError
from bluegreen.setup.gathering import Gathered, compare, gather, named

PASSWORD, URL, KEY = "postgres_password", "database_url", "digest_key"
NEEDED = (PASSWORD, URL, KEY)


class Folder(dict[str, str]):
    """The secrets of a server in memory."""

    def digests(self) -> Mapping[str, str]:
        return {name: digest(content) for name, content in self.items()}

    def read(self, name: str) -> str:
        return self[name]

    def write(self, name: str, content: str) -> None:
        self[name] = content


def complete(known: Mapping[str, str]) -> Mapping[str, str]:
    """What make_secrets does: a password is made once, and the URL follows it."""
    whole = {PASSWORD: "pw-1", KEY: "key-1", **known}
    return {**whole, URL: f"postgresql://{whole[PASSWORD]}"}


def gathered(
    folder: Folder, given: Mapping[str, str], once: tuple[str, ...] = (), *, makes: bool = True
) -> Gathered:
    compared = compare(folder, given, NEEDED, once)
    return gather(compared, folder, given, complete if makes else None)


def test_a_bare_server_gets_all_that_is_made() -> None:
    found = gathered(Folder(), {})
    assert found.contents == {PASSWORD: "pw-1", KEY: "key-1", URL: "postgresql://pw-1"}
    assert found.made == (URL, KEY, PASSWORD)


def test_what_is_made_fits_what_the_settings_give() -> None:
    found = gathered(Folder(), {PASSWORD: "given"})
    assert found.contents[URL] == "postgresql://given"
    assert found.contents[PASSWORD] == "given"


def test_what_is_made_fits_what_the_server_has() -> None:
    folder = Folder({PASSWORD: "old", KEY: "k"})
    assert gathered(folder, {}).contents == {URL: "postgresql://old"}


def test_what_is_there_is_not_made_again() -> None:
    folder = Folder()
    folder.update(gathered(folder, {}).contents)
    assert gathered(folder, {}) == Gathered({})
    assert gathered(folder, {KEY: "key-1"}) == Gathered({})


def test_only_what_the_settings_changed_is_put_there() -> None:
    folder = Folder({PASSWORD: "p", URL: "postgresql://p", KEY: "k"})
    given = {PASSWORD: "p", URL: "postgresql://p", KEY: "other"}
    assert gathered(folder, given, makes=False).contents == {KEY: "other"}


def test_what_holds_a_changed_secret_follows_it() -> None:
    folder = Folder({PASSWORD: "old", URL: "postgresql://old", KEY: "k"})
    found = gathered(folder, {PASSWORD: "new"})
    assert found.contents == {PASSWORD: "new", URL: "postgresql://new"}
    assert found.following == (URL,)


@pytest.mark.parametrize(
    ("there", "given"),
    [
        ({URL: "postgresql://old", KEY: "k"}, {}),
        ({KEY: "k"}, {URL: "postgresql://old"}),
        ({PASSWORD: "old", KEY: "k"}, {URL: "postgresql://other"}),
        ({URL: "postgresql://old"}, {KEY: "new"}),
    ],
)
def test_secrets_of_two_makings_are_never_mixed(
    there: dict[str, str], given: dict[str, str]
) -> None:
    folder = Folder(there)
    with pytest.raises(RefusedError, match=URL):
        gathered(folder, given)
    assert folder == there


def test_secrets_that_a_server_has_lost_are_not_made_anew() -> None:
    with pytest.raises(RefusedError, match=f"lost {PASSWORD}: .* backup"):
        gathered(Folder({URL: "u", KEY: "k"}), {}, once=(PASSWORD, KEY))


def test_without_a_maker_all_that_is_missing_is_said() -> None:
    with pytest.raises(SettingsError) as raised:
        gathered(Folder(), {KEY: "k"}, makes=False)
    assert str(raised.value).count("have") == 2
    assert PASSWORD in str(raised.value)


def test_a_maker_that_does_not_make_it_is_said() -> None:
    compared = compare(Folder(), {}, ["no_such"], ())
    with pytest.raises(SettingsError, match="makes no no_such"):
        gather(compared, Folder(), {}, complete)


def test_the_end_of_a_line_makes_no_other_secret() -> None:
    given = {URL: "postgresql://p\n", PASSWORD: "p"}
    assert gathered(Folder(), given).contents[URL] == "postgresql://p\n"


def test_a_secret_that_is_no_text_is_not_guessed_at() -> None:
    class Binary(Folder):
        def read(self, name: str) -> str:
            return f"{self[name]}\N{REPLACEMENT CHARACTER}"

    with pytest.raises(PortError, match="is no text"):
        gathered(Binary({PASSWORD: "p"}), {})


def test_no_secret_shows_in_what_is_gathered() -> None:
    assert "s3cr3t" not in repr(Gathered({KEY: "s3cr3t"}))


def test_the_names_of_secrets_are_those_of_their_files() -> None:
    content = """\
services: {kafka: {depends_on: !reset {}}}
secrets:
  password: {file: "${TANDEM_SECRETS:-./secrets}/kafka_admin_password"}
  other: {external: true}
"""
    assert named(content) == {"kafka_admin_password"}
    assert named("services: {}\n") == frozenset()
