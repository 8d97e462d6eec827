"""``signalbox keys``: beside a running server, straight in the store."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from router_core.admin.action_trail import ActionTrail
from router_core.admin.key_desk import KeyDesk
from router_core.admin.key_views import KeyOrder, KeyView, MadeKey, RollOrder
from router_core.types import KeyRole, KeyScopes
from signalbox import administration
from signalbox.bootstrap import key_pepper
from signalbox.commands.given import given_end, given_seconds
from signalbox.commands.output import print_json, print_line, print_secret
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.keys import key_desk

__all__ = ["WantedKey", "create_key", "list_keys", "revoke_key", "roll_key"]


class WantedKey(Struct, frozen=True, kw_only=True):
    """The key that the options of the command line ask for; an empty list limits nothing."""

    account: str
    role: KeyRole
    name: str
    expires: str | None
    routes: Sequence[str]
    use_cases: Sequence[str]
    models: Sequence[str]


def create_key(data_dir: Path | None, wanted: WantedKey, *, as_json: bool) -> None:
    """Make an API key and print it, this once."""

    async def work(desk: StoreDesk) -> MadeKey:
        owner = await administration.find_account(desk.store.accounts, wanted.account)
        order = KeyOrder(
            account_id=owner.id,
            role=wanted.role,
            name=wanted.name,
            expires_at=given_end("--expires", wanted.expires, desk.clock.utcnow()),
            scopes=KeyScopes(
                routes=tuple(wanted.routes) or None,
                use_cases=tuple(wanted.use_cases) or None,
                models=tuple(wanted.models) or None,
            ),
        )
        return await _facade(desk).make(order, COMMAND)

    made = at_desk(data_dir, work)
    print_secret({"id": made.id, "key": made.key}, as_json=as_json)


def list_keys(data_dir: Path | None, account: str | None, *, as_json: bool) -> None:
    """Print all keys, or those of one account; never their secrets."""

    async def work(desk: StoreDesk) -> Sequence[KeyView]:
        owner = None if account is None else await administration.find_account(desk.store.accounts, account)
        return await _facade(desk).list(COMMAND, None if owner is None else owner.id)

    found = at_desk(data_dir, work)
    if as_json:
        print_json(found)
    else:
        print_rows([_row(each) for each in found], as_json=False)


def revoke_key(data_dir: Path | None, key_id: str, *, as_json: bool) -> None:
    """End a key; running servers notice within seconds."""
    at_desk(data_dir, lambda desk: _facade(desk).revoke(key_id, COMMAND))
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        print_line(f"key {key_id} is revoked")


def roll_key(data_dir: Path | None, key_id: str, grace: str, *, as_json: bool) -> None:
    """Make a key in the place of one that goes on until its grace ends, and print it, this once."""
    order = RollOrder(grace_s=given_seconds("--grace", grace))
    made = at_desk(data_dir, lambda desk: _facade(desk).roll(key_id, order, COMMAND))
    told = {"id": made.id, "key": made.key, "replaces": key_id, "replacedUntil": _moment(made.replaced_until)}
    print_secret(told, as_json=as_json)


def _facade(desk: StoreDesk) -> KeyDesk:
    pepper = key_pepper(desk.unlocked.root)
    return key_desk(desk.store, pepper, ActionTrail(desk.store.actions, desk.clock), desk.clock)


def _moment(at: datetime | None) -> str:
    return str(to_builtins(at))


def _row(key: KeyView) -> dict[str, Any]:
    scopes = {"paths": key.scopes.routes, "use cases": key.scopes.use_cases, "models": key.scopes.models}
    limits = [f"{what}: {', '.join(names)}" for what, names in scopes.items() if names is not None]
    return {
        "id": key.id,
        "account": key.account,
        "role": key.role,
        "name": key.name,
        "state": key.state,
        "created": key.created_at,
        "last used": key.last_used_at,
        "ends": key.revoked_at or key.expires_at,
        "limited to": "; ".join(limits) or "-",
        "notices": ", ".join(key.notices) or "-",
    }
