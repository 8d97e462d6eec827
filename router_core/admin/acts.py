"""The record of what a person does."""

from typing import Any

from router_core.clock import Clock, new_ulid
from router_core.types import OperatorAction, Principal

__all__ = ["Detail", "act_of"]

Detail = dict[str, str | int | float | bool | None]


def act_of(  # noqa: PLR0913 - all that is on record of an act
    person: Principal,
    verb: str,
    target: str,
    clock: Clock,
    *,
    detail: Detail | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    account_id: str | None = None,
) -> OperatorAction:
    """Return the record of ``person`` doing ``verb`` to ``target`` now."""
    return OperatorAction(
        id=new_ulid(clock), at=clock.utcnow(), actor=person.name, actor_id=person.id, role=person.role, action=verb,
        target=target, detail=detail or {}, before=before, after=after, account_id=account_id,
        address=person.address,
    )  # fmt: skip
