import pytest

from ci.requirements import changed_requirements

LIST = "fastapi\npyjwt[crypto]\nSQLAlchemy[asyncio]>=2.1\n"
LOCK = """\
cffi==2.0 \\
    --hash=sha256:aa
    # via cryptography
cryptography==46.0 ; platform_python_implementation != 'PyPy' \\
    --hash=sha256:bb \\
    --hash=sha256:bc
    # via pyjwt
fastapi==0.120 \\
    --hash=sha256:cc
    # via -r 3rdparty/python/requirements.txt
pyjwt==2.10 \\
    --hash=sha256:dd
    # via -r 3rdparty/python/requirements.txt
sqlalchemy==2.1 \\
    --hash=sha256:ee
    # via -r 3rdparty/python/requirements.txt
starlette==1.0 \\
    --hash=sha256:ff
    # via
    #   -r 3rdparty/python/requirements.txt
    #   fastapi
"""


@pytest.mark.parametrize(
    ("before", "after", "reached"),
    [
        ("sqlalchemy==2.1", "sqlalchemy==2.2", {"SQLAlchemy"}),
        ("starlette==1.0", "starlette==1.1", {"fastapi"}),
        ("cffi==2.0", "cffi==2.1", {"pyjwt"}),
        ("sha256:bc", "sha256:bd", {"pyjwt"}),
        ("!= 'PyPy'", "== 'PyPy'", {"pyjwt"}),
        ("    # via pyjwt", "    # via\n    #   fastapi\n    #   pyjwt", set()),
    ],
)
def test_a_package_reaches_what_requires_it(before: str, after: str, reached: set[str]) -> None:
    found = changed_requirements((LIST, LIST), (LOCK, LOCK.replace(before, after)))
    assert found.changed == reached
    assert not found.removed


def test_a_package_that_is_no_more_reaches_what_required_it() -> None:
    lock = LOCK.partition("cryptography==")[2]
    found = changed_requirements((LIST, LIST), (LOCK, f"cryptography=={lock}"))
    assert found.changed == {"pyjwt"}


def test_a_line_of_the_list_reaches_its_own() -> None:
    found = changed_requirements((LIST, LIST.replace(">=2.1", ">=2")), (LOCK, LOCK))
    assert found.changed == {"SQLAlchemy"}


def test_what_the_list_names_no_more_is_told() -> None:
    lock = LOCK.partition("sqlalchemy==")[0] + "starlette==" + LOCK.partition("starlette==")[2]
    found = changed_requirements(
        (LIST, LIST.replace("SQLAlchemy[asyncio]>=2.1\n", "")), (LOCK, lock)
    )
    assert found.removed == {"SQLAlchemy"}
    assert not found.changed


def test_comments_and_order_change_nothing() -> None:
    shuffled = "# Ours\n" + "".join(sorted(LIST.splitlines(keepends=True), reverse=True))
    found = changed_requirements((LIST, shuffled), (LOCK, LOCK))
    assert not found.changed | found.removed
