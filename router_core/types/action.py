"""What a person or a command changed."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from router_core.types.identity import Role

__all__ = ["OperatorAction"]


class OperatorAction(Struct, frozen=True, kw_only=True, rename="camel"):
    """One act: ``id`` is a ULID, ``action`` a dotted verb such as ``breaker.reset``, ``target`` its object.

    ``actor`` is the person's or key's name, ``system`` for what ended by itself, ``command`` for the command line.
    ``detail`` is flat; ``before`` and ``after`` are the object's fields that the act changed. None of them holds a
    secret. ``account_id`` is the account that the act is about, None for acts that concern all.
    """

    id: str
    at: datetime
    actor: str
    actor_id: str
    role: Role | None
    action: str
    target: str
    detail: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    account_id: str | None = None
    address: str = ""
