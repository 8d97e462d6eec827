"""``/api/admin/config``: the routing configuration as a document, its versions, and drafts of the next one."""

from typing import Any, Final

from msgspec import Struct

from router_core.admin.configuration_views import DraftView
from router_core.api.call import Call
from router_core.api.documents import number_if_given, read_document, read_nothing, read_query, whole_number

__all__ = [
    "MOST_CONFIG_BYTES",
    "ConfigOrder",
    "DraftAnswer",
    "DraftDropped",
    "DraftOrder",
    "FlagsOrder",
    "NoteOrder",
    "RollbackOrder",
    "apply_config",
    "apply_draft",
    "compare_versions",
    "drop_draft",
    "keep_draft",
    "list_config_versions",
    "review_config",
    "roll_back",
    "set_flags",
    "show_config",
    "show_draft",
    "show_version",
]

MOST_CONFIG_BYTES: Final = 8 * 1024 * 1024
LARGEST: Final = 2**53


class ConfigOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A document to be put in force; ``base`` is the revision that it was made from, null for whatever is in force."""

    document: dict[str, Any]
    base: int | None = None
    note: str = ""
    dry_run: bool = False


class FlagsOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """Switches; those that are not named stay as they are."""

    flags: dict[str, bool]
    note: str = ""


class RollbackOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """``base`` is the revision that the person was looking at, null for whatever is in force."""

    base: int | None = None
    note: str = ""


class DraftOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """What the caller is writing on; ``base`` is the revision that it was made from."""

    document: dict[str, Any]
    base: int
    note: str = ""


class NoteOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, in the caller's own words."""

    note: str = ""


class DraftAnswer(Struct, frozen=True):
    """The caller's own draft, null when there is none."""

    draft: DraftView | None


class DraftDropped(Struct, frozen=True):
    """Whether there was a draft."""

    dropped: bool


async def show_config(call: Call) -> None:
    """Answer with the document in force, and the revision that this process serves."""
    read_query(call, {})
    await call.answer(await call.deps.configuration.current(call.principal))


async def review_config(call: Call) -> None:
    """Answer with all that is wrong with a document and what it would change."""
    read_query(call, {})
    order: ConfigOrder = await read_document(call, ConfigOrder, MOST_CONFIG_BYTES)
    await call.answer(await call.deps.configuration.review(order.document, call.principal))


async def apply_config(call: Call) -> None:
    """Put a document in force."""
    read_query(call, {})
    order: ConfigOrder = await read_document(call, ConfigOrder, MOST_CONFIG_BYTES)
    applied = await call.deps.configuration.apply(
        order.document, call.principal, base=order.base, note=order.note, dry_run=order.dry_run
    )
    await call.answer(applied)


async def set_flags(call: Call) -> None:
    """Set the switches."""
    read_query(call, {})
    order: FlagsOrder = await read_document(call, FlagsOrder)
    await call.answer(await call.deps.configuration.set_flags(order.flags, call.principal, order.note))


async def list_config_versions(call: Call) -> None:
    """Answer with versions, newest first; ``?before=`` goes on where the last page ended."""
    values = read_query(call, {"before": None, "limit": "50"})
    before = number_if_given(values["before"], "before", LARGEST)
    limit = whole_number(values["limit"] or "", "limit", LARGEST)
    await call.answer(await call.deps.configuration.versions(call.principal, before=before, limit=limit))


async def show_version(call: Call) -> None:
    """Answer with the version that was in force at a revision."""
    read_query(call, {})
    await call.answer(await call.deps.configuration.version(_revision(call), call.principal))


async def compare_versions(call: Call) -> None:
    """Answer with what changed from a revision to ``?against=``, or to what is in force."""
    other = number_if_given(read_query(call, {"against": None})["against"], "against", LARGEST)
    await call.answer(await call.deps.configuration.compare(_revision(call), other, call.principal))


async def roll_back(call: Call) -> None:
    """Put the document of a revision in force again."""
    read_query(call, {})
    order: RollbackOrder = await read_document(call, RollbackOrder)
    applied = await call.deps.configuration.rollback(_revision(call), call.principal, base=order.base, note=order.note)
    await call.answer(applied)


async def show_draft(call: Call) -> None:
    """Answer with the caller's own draft."""
    read_query(call, {})
    await call.answer(DraftAnswer(await call.deps.configuration.draft(call.principal)))


async def keep_draft(call: Call) -> None:
    """Keep the caller's own draft, right or wrong."""
    read_query(call, {})
    order: DraftOrder = await read_document(call, DraftOrder, MOST_CONFIG_BYTES)
    view = await call.deps.configuration.keep_draft(order.document, order.base, call.principal, order.note)
    await call.answer(DraftAnswer(view))


async def drop_draft(call: Call) -> None:
    """Forget the caller's own draft."""
    read_query(call, {})
    await read_nothing(call)
    await call.answer(DraftDropped(await call.deps.configuration.drop_draft(call.principal)))


async def apply_draft(call: Call) -> None:
    """Put the caller's own draft in force."""
    read_query(call, {})
    order: NoteOrder = await read_document(call, NoteOrder)
    await call.answer(await call.deps.configuration.apply_draft(call.principal, order.note))


def _revision(call: Call) -> int:
    return whole_number(call.parameter("revision"), "revision", LARGEST)
