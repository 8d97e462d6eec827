"""The migrations: complete, reversible, one at a time, and the same as the models."""

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, inspect, select, text

from db import config_models, node_models, record_models  # noqa: F401 - fill the metadata
from db.base import Base
from db.engine import make_engine, reading, writing
from db.errors import MigrationConflictError, SchemaNewerError, StoreUnreachableError
from db.migrate import current, downgrade, find_scripts, head, schema_status, upgrade
from db.migration_guard import migration_guard
from db.models import ConfigState, FeatureFlag, LlmProvider, UseCasePreference
from tests.support.ready_process import READY

CONFLICT = 4


@pytest.fixture
def empty_engine(empty_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_url)
    yield engine
    engine.dispose()


def test_an_empty_store_is_brought_to_the_newest_schema(empty_engine: Engine) -> None:
    assert schema_status(empty_engine).state == "empty"
    upgrade(empty_engine)
    assert current(empty_engine) == head()
    assert schema_status(empty_engine).state == "current"


def test_a_second_run_changes_nothing(store_engine: Engine) -> None:
    assert upgrade(store_engine).state == "current"
    with reading(store_engine).connect() as connection:
        assert len(connection.execute(select(LlmProvider.id)).all()) == 4


def test_models_and_migrations_agree(store_engine: Engine) -> None:
    with reading(store_engine).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_database_knows_every_check_of_the_models(store_engine: Engine) -> None:
    inspector = inspect(store_engine)
    for table in Base.metadata.sorted_tables:
        wanted = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}
        assert {str(check["name"]) for check in inspector.get_check_constraints(table.name)} == wanted


def test_the_standard_configuration_is_there(store_engine: Engine) -> None:
    columns = (LlmProvider.name, LlmProvider.provider, LlmProvider.model, LlmProvider.use_case)
    limits = (LlmProvider.max_tokens, LlmProvider.context_window, LlmProvider.is_default, LlmProvider.account_id)
    with reading(store_engine).connect() as connection:
        rows = connection.execute(select(*columns, *limits).order_by(LlmProvider.id)).all()
        preferences = {row.use_case: row.model for row in connection.execute(select(UseCasePreference.__table__))}
        flags = {row.name: row.enabled for row in connection.execute(select(FeatureFlag.__table__))}
        revision = connection.execute(select(ConfigState.revision)).scalar_one()
        ceilings = {
            row.provider: row.capabilities["max_temperature"]
            for row in connection.execute(select(LlmProvider.provider, LlmProvider.capabilities))
        }
    mini, haiku, sonnet = "gpt-4o-mini", "claude-haiku-4-5", "claude-sonnet-4-5"
    assert [tuple(row) for row in rows] == [
        ("openai-gpt4o-mini", "openai", mini, ("draft", "summary", "general", "voice"), 16384, 128000, True, None),
        ("openai-gpt4o", "openai", "gpt-4o", ("vision", "complex"), 16384, 128000, False, None),
        ("anthropic-claude-haiku-4-5", "anthropic", haiku, ("draft", "summary"), 64000, 200000, False, None),
        ("anthropic-claude-sonnet-4-5", "anthropic", sonnet, ("complex",), 64000, 200000, False, None),
    ]
    assert preferences == {
        "draft": haiku,
        "summary": haiku,
        "complex": sonnet,
        "vision": "gpt-4o",
        "general": mini,
        "voice": mini,
    }
    assert flags == {"llm": True, "openai": True, "anthropic": True}
    assert revision == 1
    assert ceilings == {"openai": 2.0, "anthropic": 1.0}


def test_everything_can_be_taken_back_and_made_again(store_engine: Engine) -> None:
    downgrade(store_engine, "base")
    assert inspect(store_engine).get_table_names() == ["alembic_version"]
    upgrade(store_engine)
    assert set(inspect(store_engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_a_migration_while_another_runs_is_a_conflict(empty_engine: Engine, empty_url: str) -> None:
    with migration_guard(empty_engine), pytest.raises(MigrationConflictError, match="Another migration"):
        upgrade(empty_url)
    upgrade(empty_url)
    assert current(empty_engine) == head()


def test_of_many_processes_that_migrate_at_once_one_does_and_the_store_ends_whole(
    empty_engine: Engine, empty_url: str
) -> None:
    workers = [READY.Process(target=migrate_in_process, args=(empty_url,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    outcomes = [worker.exitcode for worker in workers]
    assert set(outcomes) <= {0, CONFLICT}
    assert 0 in outcomes
    with reading(empty_engine).connect() as connection:
        assert len(connection.execute(select(LlmProvider.id)).all()) == 4


def test_threads_that_migrate_one_store_at_once_do_not_disturb_each_other(empty_engine: Engine) -> None:
    barrier = threading.Barrier(4)
    outcomes: list[str] = []

    def migrate() -> None:
        barrier.wait(timeout=30)
        try:
            upgrade(empty_engine)
        except MigrationConflictError:
            outcomes.append("conflict")
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(outcomes) == 4
    assert "done" in outcomes
    assert current(empty_engine) == head()


def migrate_in_process(url: str) -> None:
    """Migrate, and tell the outcome as the exit code."""
    try:
        upgrade(url)
    except MigrationConflictError:
        sys.exit(CONFLICT)


def test_a_migration_that_fails_leaves_nothing_behind(empty_engine: Engine, tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    shutil.copytree(find_scripts(), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9998_faulty.py").write_text(
        f"from alembic import op\nrevision = '9998'\ndown_revision = '{head()}'\n\n\ndef upgrade():\n"
        "    op.execute('CREATE TABLE half (id integer)')\n    raise RuntimeError('half way')\n"
    )
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(empty_engine, scripts)
    assert current(empty_engine) is None
    assert set(inspect(empty_engine).get_table_names()) <= {"alembic_version"}


def test_a_store_of_newer_code_is_left_alone(store_engine: Engine) -> None:
    with writing(store_engine).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema_status(store_engine).state == "newer"
    with pytest.raises(SchemaNewerError, match="9999"):
        upgrade(store_engine)


def test_a_folder_that_is_not_there_is_an_unreachable_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachableError):
        upgrade(f"sqlite:///{tmp_path}/missing/signalbox.db")


def test_a_store_in_memory_can_be_migrated() -> None:
    engine = make_engine("sqlite://")
    upgrade(engine)
    assert schema_status(engine).state == "current"
    engine.dispose()
