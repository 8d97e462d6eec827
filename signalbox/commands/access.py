"""``signalbox accounts|users|sessions``: what changes them, beside a running server, straight in the store."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from router_core.admin.access import AccessDesks
from router_core.admin.action_trail import ActionTrail
from router_core.admin.people_views import AccessOrder, AccountChange, PersonChange, PersonView
from router_core.errors import NotFoundError
from router_core.ports import UserRecord
from router_core.security.password_room import PasswordRoom
from router_core.security.passwords import Argon2Passwords
from router_core.security.sessions import SessionGate
from router_core.types import PersonRole
from signalbox import administration
from signalbox.access import access_desks
from signalbox.commands.output import print_json, print_line, print_secret
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows, public

__all__ = [
    "change_account",
    "change_role",
    "desks_over",
    "list_sessions",
    "remove_user",
    "reset_password",
    "revoke_session",
    "revoke_sessions_of",
    "switch_user",
]

T = TypeVar("T")
_SHOWN = ("id", "email", "role", "address", "browser", "created_at", "last_seen_at", "expires_at")


def change_account(data_dir: Path | None, name: str, change: AccountChange, *, as_json: bool) -> None:
    """Rename an account, or take it out of service or back."""

    async def work(desks: AccessDesks, desk: StoreDesk) -> dict[str, Any]:
        account = await administration.find_account(desk.store.accounts, name)
        return public(await desks.accounts.change(account.id, change, COMMAND), "id", "name", "is_active")

    _show(_at_desks(data_dir, work), as_json=as_json)


def switch_user(data_dir: Path | None, email: str, *, active: bool, as_json: bool) -> None:
    """Let a person sign in, or keep them from it and end their sessions within seconds."""
    _change_user(data_dir, email, PersonChange(is_active=active), as_json=as_json)


def change_role(data_dir: Path | None, email: str, role: PersonRole, *, as_json: bool) -> None:
    """Give a person another role; their sessions end within seconds."""
    _change_user(data_dir, email, PersonChange(role=role), as_json=as_json)


def reset_password(data_dir: Path | None, email: str, *, link: bool, as_json: bool) -> None:
    """End a person's password and sessions; print their new way in, this once."""

    async def work(desks: AccessDesks, desk: StoreDesk) -> dict[str, str]:
        user = await _user(desk, email)
        order = AccessOrder(first_access="link" if link else "password")
        given = await desks.people.reset_password(user.id, order, COMMAND)
        secret = {"link": given.link} if given.link is not None else {"password": given.password}
        return {"id": user.id, "email": user.email, **{name: text or "" for name, text in secret.items()}}

    print_secret(_at_desks(data_dir, work), as_json=as_json)


def remove_user(data_dir: Path | None, email: str, *, as_json: bool) -> None:
    """Remove a person for good; what they did stays on record."""

    async def work(desks: AccessDesks, desk: StoreDesk) -> dict[str, Any]:
        gone = await desks.people.remove((await _user(desk, email)).id, COMMAND)
        return {"id": gone.id, "email": gone.email, "removed": True}

    _show(_at_desks(data_dir, work), as_json=as_json)


def list_sessions(data_dir: Path | None, email: str | None, *, as_json: bool) -> None:
    """Print who is signed in where."""

    async def work(desks: AccessDesks, desk: StoreDesk) -> list[dict[str, Any]]:
        user_id = None if email is None else (await _user(desk, email)).id
        return [public(each, *_SHOWN) for each in await desks.sessions.everybody(COMMAND, user_id)]

    print_rows(_at_desks(data_dir, work), as_json=as_json)


def revoke_session(data_dir: Path | None, session_id: str, *, as_json: bool) -> None:
    """End one session; running servers notice within seconds."""

    async def work(desks: AccessDesks, _: StoreDesk) -> dict[str, Any]:
        await desks.sessions.end(session_id, COMMAND)
        return {"id": session_id, "ended": 1}

    _show(_at_desks(data_dir, work), as_json=as_json)


def revoke_sessions_of(data_dir: Path | None, email: str, *, as_json: bool) -> None:
    """End every session of a person."""

    async def work(desks: AccessDesks, desk: StoreDesk) -> dict[str, Any]:
        user = await _user(desk, email)
        return {"email": user.email, "ended": await desks.sessions.end_all(user.id, COMMAND)}

    _show(_at_desks(data_dir, work), as_json=as_json)


def _change_user(data_dir: Path | None, email: str, change: PersonChange, *, as_json: bool) -> None:
    async def work(desks: AccessDesks, desk: StoreDesk) -> dict[str, Any]:
        user = await _user(desk, email)
        kept: PersonView = await desks.people.change(user.id, change, COMMAND)
        return public(kept, "id", "email", "role", "is_active")

    _show(_at_desks(data_dir, work), as_json=as_json)


def desks_over(desk: StoreDesk) -> AccessDesks:
    """Return the desks that the screen has, straight over the store."""
    store, clock = desk.store, desk.clock
    return access_desks(
        store, PasswordRoom(Argon2Passwords()), ActionTrail(store.actions, clock), SessionGate(store.sessions, clock),
        desk.settings.timezone, clock,
    )  # fmt: skip


def _at_desks(data_dir: Path | None, work: Callable[[AccessDesks, StoreDesk], Awaitable[T]]) -> T:
    async def run(desk: StoreDesk) -> T:
        return await work(desks_over(desk), desk)

    return at_desk(data_dir, run)


async def _user(desk: StoreDesk, email: str) -> UserRecord:
    user = await desk.store.users.by_email(email)
    if user is None:
        raise NotFoundError(f"There is no user with the address {email!r}")
    return user


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        print_line(f"{name}: {('yes' if value else 'no') if isinstance(value, bool) else value}")
