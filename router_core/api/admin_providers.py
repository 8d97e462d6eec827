"""``/api/admin/providers``: the provider rows one by one, and whether they answer."""

from typing import Any, Final

from msgspec import Struct

from router_core.admin.configuration_views import ProviderView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query, whole_number
from router_core.errors import ValidationError

__all__ = [
    "ProviderList",
    "add_provider",
    "change_provider",
    "delete_provider",
    "list_providers",
    "probe_entry",
    "probe_provider",
    "show_provider",
]

# What an answer says of a row beside its fields; a body that brings it along means nothing by it.
_ABOUT: Final = frozenset({"version", "key", "note"})
LARGEST: Final = 2**31 - 1


class ProviderList(Struct, frozen=True):
    """Every row, in the order in which equal candidates are tried: its fields, its ``version`` and its ``key``."""

    providers: list[dict[str, Any]]


async def list_providers(call: Call) -> None:
    """Answer with every row."""
    read_query(call, {})
    found = await call.deps.configuration.providers(call.principal)
    await call.answer(ProviderList([_shown(each) for each in found]))


async def show_provider(call: Call) -> None:
    """Answer with one row."""
    read_query(call, {})
    await call.answer(_shown(await call.deps.configuration.provider(call.parameter("name"), call.principal)))


async def add_provider(call: Call) -> None:
    """Add a row."""
    read_query(call, {})
    body: dict[str, Any] = await read_document(call, dict[str, Any])
    await call.answer(await call.deps.configuration.add_provider(_entry(body), call.principal, _note(body)), 201)


async def change_provider(call: Call) -> None:
    """Replace a row of which ``version`` was read."""
    read_query(call, {})
    body: dict[str, Any] = await read_document(call, dict[str, Any])
    version = body.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValidationError("`version` must be the version of the row that was read", field="version")
    name = call.parameter("name")
    entry, note = _entry(body), _note(body)
    await call.answer(await call.deps.configuration.change_provider(name, entry, version, call.principal, note))


async def delete_provider(call: Call) -> None:
    """Remove a row of which ``?version=`` was read."""
    values = read_query(call, {"version": "", "note": ""})
    await read_nothing(call)
    version = whole_number(values["version"], "version", LARGEST)
    name = call.parameter("name")
    await call.answer(await call.deps.configuration.delete_provider(name, version, call.principal, values["note"]))


async def probe_provider(call: Call) -> None:
    """Make the smallest call to a row."""
    read_query(call, {})
    await read_nothing(call)
    await call.answer(await call.deps.configuration.test_provider(call.parameter("name"), call.principal))


async def probe_entry(call: Call) -> None:
    """Make the smallest call to a row that is not saved."""
    read_query(call, {})
    body: dict[str, Any] = await read_document(call, dict[str, Any])
    await call.answer(await call.deps.configuration.test_entry(_entry(body), call.principal))


def _shown(view: ProviderView) -> dict[str, Any]:
    return {**view.entry, "version": view.version, "key": view.key}


def _entry(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _ABOUT}


def _note(body: dict[str, Any]) -> str:
    note = body.get("note", "")
    if not isinstance(note, str):
        raise ValidationError("`note` must be a string", field="note")
    return note
