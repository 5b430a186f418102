from pathlib import Path

from local import environment


def test_processes_do_not_see_how_the_runner_was_started() -> None:
    outer = {
        "PATH": "/bin",
        "HOME": "/home/a",
        "PEX": "/x.pex",
        "PEX_ROOT": "/p",
        "__PEX_UNVENDORED__": "1",
        "PYTHONHOME": "/h",
        "VIRTUAL_ENV": "/v",
        "TANDEM_DATABASE_URL": "left over",
        "TANDEM_LOG_LEVEL": "debug",
        "PGHOST": "elsewhere",
        "PGSSLMODE": "verify-full",
        "PGOPTIONS": "-c search_path=other",
    }
    env = environment.base(outer, [Path("/a"), Path("/b")])
    assert env == {
        "PATH": "/bin",
        "HOME": "/home/a",
        "TANDEM_LOG_LEVEL": "debug",
        "PYTHONPATH": "/a:/b",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }
