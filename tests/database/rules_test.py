"""What the tables refuse, whoever writes to them."""

import psycopg
import pytest

from tests.database.stores import new_id
from tests.support.database import Addresses

OTHER_IDS = [
    "5f0c3ad2-7c53-4f0e-9b67-6c1f2e0c7d11",  # version 4
    "5f0c3ad2-7c53-7f0e-4b67-6c1f2e0c7d11",  # 7, but of another variant than RFC 9562's
    "00000000-0000-0000-0000-000000000000",
]
ADD_ACCOUNT = "INSERT INTO accounts (id, email, display_name, about) VALUES (%s, %s, 'Ada', '')"
ADD_SESSION = """
INSERT INTO sessions (id, account_id, secret_hash, user_agent, expires_at)
VALUES (%s, %s, sha256('secret'), '', now() + interval '1 hour')
"""
ADD_ACTIVITY = """
INSERT INTO activities (id, account_id, kind, detail) VALUES (%s, %s, 'signed_in', '')
"""
ADD_EFFECT = "INSERT INTO effects (key, fingerprint, reply) VALUES (%s, sha256(%s), '')"


@pytest.mark.parametrize("other", OTHER_IDS)
@pytest.mark.parametrize("statement", [ADD_ACCOUNT, ADD_SESSION, ADD_ACTIVITY, ADD_EFFECT])
def test_an_id_that_is_no_uuid_version_7_is_refused(
    addresses: Addresses, statement: str, other: str
) -> None:
    with psycopg.connect(addresses.app) as app:
        app.execute(ADD_ACCOUNT, [account_id := new_id(), f"{account_id}@example.org"])
        with pytest.raises(psycopg.errors.CheckViolation, match="_version"):
            app.execute(statement, [other, account_id])
        app.rollback()


def test_ids_of_version_7_are_taken_everywhere(addresses: Addresses) -> None:
    with psycopg.connect(addresses.app) as app:
        app.execute(ADD_ACCOUNT, [account_id := new_id(), f"{account_id}@example.org"])
        for statement in (ADD_SESSION, ADD_ACTIVITY):
            app.execute(statement, [new_id(), account_id])
        app.execute(ADD_EFFECT, [new_id(), b""])
        app.rollback()
