from services.database.migrator import Limits
from services.database.settings import Settings


def test_a_migration_that_waits_for_a_table_makes_no_call_give_up_on_the_pool() -> None:
    pool_timeout = Settings.model_fields["database_pool_timeout"].default
    # The calls behind it have to be answered, too, before those that wait give up.
    assert Limits().lock_timeout <= pool_timeout / 2
