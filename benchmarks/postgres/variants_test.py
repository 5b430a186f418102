"""The settings that are measured are those of the file that production runs on."""

from pathlib import Path

from benchmarks.postgres.variants import DEFAULTS, OURS, settings_of, variants


def test_settings_are_read_without_comments_quotes_and_what_only_a_container_has(
    tmp_path: Path,
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("# jit = on\njit = off\nlisten_addresses = '*'\nwork = 'a b'\n\n")
    assert settings_of(file) == {"jit": "off", "work": "a b"}


def test_the_defaults_come_first_and_nothing_of_ours_is_unsafe() -> None:
    found = variants(Path("infra/postgres/postgresql.conf"))
    assert [each.name for each in found[:2]] == [DEFAULTS, OURS]
    assert not found[0].settings
    assert not {"fsync", "synchronous_commit", "full_page_writes"} & found[1].settings.keys()
