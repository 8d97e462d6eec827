"""``/api/admin/keys``: API keys of every account, and the way to make, change, roll and revoke them."""

from msgspec import Struct

from router_core.admin.key_views import KeyChange, KeyOrder, KeyView, RollOrder
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.api.endpoint import Action

__all__ = ["KEY_PATHS", "KeyList"]


class KeyList(Struct, frozen=True):
    """API keys, newest first, never their secrets."""

    keys: list[KeyView]


async def list_keys(call: Call) -> None:
    """Answer with all keys, or those of one account."""
    account = read_query(call, {"account": ""})["account"]
    await call.answer(KeyList(list(await call.deps.keys.list(call.principal, account or None))))


async def make_key(call: Call) -> None:
    """Make a key; its text is in the answer and nowhere else."""
    order: KeyOrder = await read_document(call, KeyOrder)
    await call.answer(await call.deps.keys.make(order, call.principal))


async def change_key(call: Call) -> None:
    """Give a key another name or end."""
    change: KeyChange = await read_document(call, KeyChange)
    await call.answer(await call.deps.keys.change(call.parameter("id"), change, call.principal))


async def revoke_key(call: Call) -> None:
    """End a key."""
    await read_nothing(call)
    await call.answer(await call.deps.keys.revoke(call.parameter("id"), call.principal))


async def roll_key(call: Call) -> None:
    """Make a key in the place of one that ends with its grace."""
    order: RollOrder = await read_document(call, RollOrder)
    await call.answer(await call.deps.keys.roll(call.parameter("id"), order, call.principal))


KEY_PATHS: dict[str, dict[str, Action]] = {
    "/api/admin/keys": {
        "GET": Action("access.read", list_keys),
        "POST": Action("keys.edit", make_key, shows_secrets=True),
    },
    "/api/admin/keys/{id}": {"PUT": Action("keys.edit", change_key)},
    "/api/admin/keys/{id}/revoke": {"POST": Action("keys.edit", revoke_key)},
    "/api/admin/keys/{id}/roll": {"POST": Action("keys.edit", roll_key, shows_secrets=True)},
}
