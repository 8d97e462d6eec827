"""What is on record of changes of the configuration."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import structs

from router_core.admin.acts import act_of
from router_core.clock import Clock, new_ulid
from router_core.errors import ValidationError, sanitize_message
from router_core.types import ConfigChange, ConfigLine, OperatorAction, Principal

__all__ = ["change_act", "checked_note", "line_of", "refused_act"]

LONGEST_NOTE: Final = 500
# The history has all of them; the record of the act names the first.
MOST_NAMED: Final = 50


def change_act(
    person: Principal, verb: str, target: str, changes: Sequence[ConfigChange], clock: Clock, *, note: str
) -> OperatorAction:
    """Return the record of ``person`` making ``changes``, field by field."""
    named = changes[:MOST_NAMED]
    return act_of(
        person, verb, target, clock,
        detail={"changes": len(changes), **({"note": note} if note else {})},
        before={each.path: each.old for each in named if each.kind != "added"},
        after={each.path: each.new for each in named if each.kind != "removed"},
    )  # fmt: skip


def refused_act(act: OperatorAction, clock: Clock) -> OperatorAction:
    """Return the record of an act that did not come about, since somebody else was quicker."""
    detail: dict[str, Any] = {**act.detail, "act": act.id}
    return structs.replace(
        act,
        id=new_ulid(clock),
        at=clock.utcnow(),
        action="configuration.refused",
        detail=detail,
        before=None,
        after=None,
    )


def checked_note(note: str) -> str:
    """Return ``note`` without blanks around it and without secrets. Raises :class:`ValidationError`."""
    said = note.strip()
    if len(said) > LONGEST_NOTE or not said.isprintable():
        raise ValidationError(f"note must be one line of at most {LONGEST_NOTE} characters", field="note")
    return sanitize_message(said)


def line_of(version: ConfigLine) -> ConfigLine:
    """Return a version without its document."""
    return ConfigLine(**{name: getattr(version, name) for name in ConfigLine.__struct_fields__})
