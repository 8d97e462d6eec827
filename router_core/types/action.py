"""What an operator did."""

from datetime import datetime

from msgspec import Struct, field

from router_core.types.identity import Role

__all__ = ["OperatorAction"]


class OperatorAction(Struct, frozen=True, kw_only=True, rename="camel"):
    """One action: ``id`` is a ULID, ``action`` a dotted verb such as ``breaker.reset``, ``target`` its object.

    ``actor`` is the person's or key's name, ``system`` for what ended by itself.
    ``detail`` is flat and holds no secret.
    """

    id: str
    at: datetime
    actor: str
    actor_id: str
    role: Role | None
    action: str
    target: str
    detail: dict[str, str | int | float | bool | None] = field(default_factory=dict)
