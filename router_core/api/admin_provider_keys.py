"""``/api/admin/providers/{name}/keys``: the stored keys of a provider, which go in and never come out."""

from msgspec import Struct

from router_core.admin.provider_key_views import StoredKeyView
from router_core.admin.provider_keys import KeyChange, KeyOrder
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.api.endpoint import Action
from router_core.types import Secret

__all__ = ["PROVIDER_KEY_PATHS", "KeyChangeBody", "KeyList", "KeyOrderBody"]


class KeyList(Struct, frozen=True):
    """The stored keys of a provider, oldest first."""

    keys: list[StoredKeyView]


class KeyOrderBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to store, with what people call it and its share where there are several."""

    key: str
    label: str = ""
    weight: int = 100

    def __repr__(self) -> str:
        return "KeyOrderBody(***)"


class KeyChangeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes in a stored key; what is left out stays. ``key`` takes the place of the one that is stored."""

    key: str | None = None
    label: str | None = None
    weight: int | None = None
    active: bool | None = None

    def __repr__(self) -> str:
        return "KeyChangeBody(***)"


async def list_keys(call: Call) -> None:
    """Answer with every stored key's mask and state."""
    read_query(call, {})
    await call.answer(KeyList(list(await call.deps.provider_keys.keys(call.parameter("name"), call.principal))))


async def add_key(call: Call) -> None:
    """Store a key."""
    read_query(call, {})
    body = await read_document(call, KeyOrderBody)
    order = KeyOrder(key=Secret(body.key), label=body.label, weight=body.weight)
    await call.answer(await call.deps.provider_keys.add_key(call.parameter("name"), order, call.principal), 201)


async def change_key(call: Call) -> None:
    """Change a stored key, or put another in its place."""
    read_query(call, {})
    body = await read_document(call, KeyChangeBody)
    change = KeyChange(
        key=None if body.key is None else Secret(body.key), label=body.label, weight=body.weight, active=body.active
    )
    desk, name = call.deps.provider_keys, call.parameter("name")
    await call.answer(await desk.change_key(name, call.parameter("id"), change, call.principal))


async def remove_key(call: Call) -> None:
    """Forget a stored key for good."""
    read_query(call, {})
    await read_nothing(call)
    desk, name = call.deps.provider_keys, call.parameter("name")
    await call.answer(await desk.remove_key(name, call.parameter("id"), call.principal))


PROVIDER_KEY_PATHS: dict[str, dict[str, Action]] = {
    "/api/admin/providers/{name}/keys": {
        "GET": Action("providers.read", list_keys),
        "POST": Action("provider_keys.edit", add_key),
    },
    "/api/admin/providers/{name}/keys/{id}": {
        "PUT": Action("provider_keys.edit", change_key),
        "DELETE": Action("provider_keys.edit", remove_key),
    },
}
