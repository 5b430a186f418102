from pathlib import Path

from local.reset import reset


def test_data_is_named_and_deleted_and_the_port_is_kept(tmp_path: Path) -> None:
    for name in ("postgres/base/1", "secrets/app", "port", "lock", "run.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x" * 1500)
    lines = list(reset(tmp_path))
    assert lines == ["deleting postgres (2 kB)", "deleting secrets (2 kB)"]
    assert {path.name for path in tmp_path.iterdir()} == {"port", "lock", "run.json"}


def test_link_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("")
    state = tmp_path / "state"
    state.mkdir()
    (state / "postgres").symlink_to(elsewhere)
    list(reset(state))
    assert (elsewhere / "kept").exists()
    assert list(state.iterdir()) == []
