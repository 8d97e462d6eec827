"""Who may do what to whom: rules beyond what a role may, as one function that knows no store."""

from typing import Literal

from router_core.ports import UserRecord
from router_core.security.permissions import allows
from router_core.types import EVERY_ACCOUNT, PersonRole, Principal

__all__ = ["PersonAct", "why_not"]

PersonAct = Literal["create", "role", "accounts", "enable", "disable", "remove", "reset"]
_OWN: dict[PersonAct, str] = {
    "role": "Nobody changes their own role; another admin or owner does",
    "disable": "Nobody disables themselves; another admin or owner does",
    "enable": "Nobody enables themselves",
    "remove": "Nobody removes themselves; another admin or owner does",
    "reset": "Change your own password on the page for it; another admin or owner resets it",
}


def why_not(person: Principal, act: PersonAct, target: UserRecord | None, role: PersonRole | None = None) -> str | None:
    """Return why ``person`` may not do ``act`` to ``target``, None when they may.

    ``role`` is the one that the act gives; ``target`` is None for who is to be created.
    """
    if not allows(person, "users.edit"):
        return "Your role does not allow this"
    leads = allows(person, "users.remove_admin")
    if target is not None and person.kind == "person" and target.id == person.id and act in _OWN:
        return _OWN[act]
    if role == "owner" and not leads:
        return "Only an owner makes owners"
    is_own = target is not None and person.kind == "person" and target.id == person.id
    if target is not None and target.role in EVERY_ACCOUNT and not leads and not is_own:
        return "Only an owner changes or removes admins and owners"
    return None
