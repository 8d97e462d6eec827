"""What tests of the Providers screen share: who else is there, and what is in force, in the draft and on the page."""

import asyncio
from typing import Any

from msgspec import structs

from tests.console.console_fakes import OWNER, FakeBackend

__all__ = [
    "BOB",
    "MINI",
    "SONNET",
    "bob_changes_weight",
    "draft_of",
    "edit",
    "field",
    "in_force",
    "row_id",
    "run",
    "said",
]

MINI, SONNET = "openai-gpt4o-mini", "anthropic-claude-sonnet-4-5"
BOB = structs.replace(OWNER, id="u9", name="bob@example.com", role="admin")


def row_id(backend: FakeBackend, name: str = MINI) -> str:
    return next(row.id for row in backend.rig.store.snapshot().providers if row.name == name)


def in_force(backend: FakeBackend, name: str = MINI) -> Any:
    return next(row for row in backend.rig.store.snapshot().providers if row.name == name)


def run(work: Any) -> Any:
    return asyncio.run(work)


def draft_of(backend: FakeBackend) -> Any:
    return run(backend.configuration.draft(OWNER))


def edit(app: Any, backend: FakeBackend, name: str = MINI) -> Any:
    """Turn to the editor of a provider."""
    return app.button(key=f"providers_edit_{row_id(backend, name)}").click().run()


def field(backend: FakeBackend, path: str, name: str = MINI) -> str:
    return f"providers_{row_id(backend, name)}_{path}"


def said(app: Any) -> str:
    """Return everything that the page says."""
    kinds = ("markdown", "caption", "html", "error", "warning", "info", "success", "subheader", "toast")
    return "\n".join(str(each.proto) for kind in kinds for each in app.get(kind))


def bob_changes_weight(backend: FakeBackend, weight: int, name: str = MINI) -> None:
    view = run(backend.configuration.provider(name, BOB))
    entry = {**view.entry, "weight": weight}
    run(backend.configuration.change_provider(name, entry, view.version, BOB, "less of it"))
