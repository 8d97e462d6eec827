"""The record of what a person does."""

from typing import Any

from router_core.clock import Clock, new_ulid
from router_core.types import OperatorAction, Principal

__all__ = ["act_of"]


def act_of(
    person: Principal,
    verb: str,
    target: str,
    clock: Clock,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> OperatorAction:
    """Return the record of ``person`` doing ``verb`` to ``target`` now."""
    return OperatorAction(
        id=new_ulid(clock), at=clock.utcnow(), actor=person.name, actor_id=person.id, role=person.role, action=verb,
        target=target, detail={}, before=before, after=after,
    )  # fmt: skip
