"""Brings a store to the newest schema, and says where it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from db.engine import make_engine, reading
from db.errors import MigrationError, SchemaNewerError
from db.failures import as_store_error
from db.migration_guard import migration_guard

__all__ = ["SchemaStatus", "current", "downgrade", "find_scripts", "head", "schema_status", "upgrade"]

SchemaState = Literal["empty", "behind", "current", "newer"]


class SchemaStatus(Struct, frozen=True):
    """Where a store's schema is: its revision (None when empty) against the newest one that this code knows."""

    current: str | None
    head: str
    state: SchemaState


def find_scripts() -> Path:
    """Return the folder of the migrations, in a checkout or in an installed wheel. Raises :class:`MigrationError`."""
    root = Path(__file__).resolve().parent.parent
    # In a wheel, ``root / "alembic"`` is the library of that name; it has no env.py.
    for folder in (root / "alembic", root / "signalbox" / "assets" / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise MigrationError("The migration scripts are missing from this installation")


def head(scripts: Path | None = None) -> str:
    """Return the newest revision that this code knows."""
    return _newest(ScriptDirectory.from_config(_config(scripts)))


def current(engine: Engine) -> str | None:
    """Return the store's revision, or None for an empty store. Raises :class:`StoreError`."""
    try:
        with reading(engine).connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise as_store_error(error) from None


def schema_status(engine: Engine, scripts: Path | None = None) -> SchemaStatus:
    """Compare the store with the code. Raises :class:`StoreError`."""
    directory = ScriptDirectory.from_config(_config(scripts))
    newest, found = _newest(directory), current(engine)
    return SchemaStatus(current=found, head=newest, state=_state(directory, found, newest))


def upgrade(store: str | Engine, scripts: Path | None = None) -> SchemaStatus:
    """Bring ``store`` (a URL or an engine) to the newest schema in one transaction; return where it was before.

    Raises :class:`StoreError`, :class:`MigrationConflictError` and :class:`SchemaNewerError`.
    """
    if isinstance(store, Engine):
        return _upgrade(store, scripts)
    engine = make_engine(store)
    try:
        return _upgrade(engine, scripts)
    finally:
        engine.dispose()


def downgrade(engine: Engine, revision: str, scripts: Path | None = None) -> None:
    """Take the store back to ``revision`` (``"base"`` empties it). Raises like :func:`upgrade`."""
    with migration_guard(engine):
        _run(command.downgrade, _config(scripts, engine), revision)


def _upgrade(engine: Engine, scripts: Path | None) -> SchemaStatus:
    # The guard comes first: Alembic keeps its state in module globals, which a second run here would spoil.
    with migration_guard(engine):
        status = schema_status(engine, scripts)
        if status.state == "newer":
            raise SchemaNewerError(
                f"The store is at schema {status.current}, which this version does not know (newest: {status.head})"
            )
        _run(command.upgrade, _config(scripts, engine), "head")
    return status


def _run(step: Callable[[Config, str], None], config: Config, revision: str) -> None:
    try:
        step(config, revision)
    except DBAPIError as error:
        raise as_store_error(error) from None


def _config(scripts: Path | None, engine: Engine | None = None) -> Config:
    config = Config(attributes={"engine": engine})
    config.set_main_option("script_location", str(scripts or find_scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _newest(directory: ScriptDirectory) -> str:
    newest = directory.get_current_head()
    if newest is None:
        raise MigrationError("The migration scripts have no revision")
    return newest


def _state(directory: ScriptDirectory, found: str | None, newest: str) -> SchemaState:
    if found is None:
        return "empty"
    if found == newest:
        return "current"
    known = {script.revision for script in directory.walk_revisions()}
    return "behind" if found in known else "newer"
