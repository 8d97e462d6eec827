"""Runs migrations on the engine that ``db.migrate`` hands over in ``config.attributes["engine"]``.

All steps run in one transaction, on both databases: a migration is done or it never was. ``db.migrate`` holds the
store's migration lock meanwhile.
"""

from alembic import context
from sqlalchemy import Connection, Engine

import db.alert_models
import db.answer_models
import db.budget_models
import db.config_models
import db.limit_models
import db.models
import db.node_models
import db.price_models
import db.provider_key_models
import db.record_models
import db.tool_models
import db.vault_models  # noqa: F401 - all fill the metadata
from db.base import Base
from db.engine import writing
from db.migration_guard import check_references, foreign_keys_off


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = '10min'")
        context.run_migrations()
        check_references(connection)


def _run(engine: Engine) -> None:
    with writing(engine).connect() as connection, foreign_keys_off(connection):
        _migrate(connection)


_run(context.config.attributes["engine"])
