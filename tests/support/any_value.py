"""Any value of a type, for properties about how values travel. Types are large here: plain dice are fast enough."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from router_core.types import DrillOrder, LLMRequest, Secret, ToolFormat

__all__ = ["any_value"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LETTERS = "aZ09 _-\"'\\/<&\n\té€\u2028𝄞"


def whole(dice: Random) -> int:
    """Return an integer that a column of the store holds, often one at its edges."""
    return dice.choice([0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63), dice.randrange(10**12)])


def text(dice: Random) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randrange(5)))


def moment(dice: Random) -> datetime:
    return EPOCH + timedelta(microseconds=dice.randrange(2**56))


def anything(dice: Random) -> Any:
    return dice.choice([None, True, text(dice), whole(dice), [text(dice)], {text(dice): 1.5}])


def request(dice: Random) -> LLMRequest:
    return LLMRequest(
        prompt=text(dice), max_tokens=dice.choice([None, 9]), images=(text(dice),), cache=dice.choice([None, False]),
        tools=dice.choice([None, {"look": ToolFormat(description=text(dice), parameters={"a": anything(dice)})}]),
        metadata={"a": dice.choice([None, text(dice), 7, 0.5])},
    )  # fmt: skip


def drill_order(dice: Random) -> DrillOrder:
    return DrillOrder(provider="p" + text(dice), fault="cut", percent=dice.choice([0.5, 100.0]), duration_s=60)


MAKERS: dict[Any, Callable[[Random], Any]] = {
    NoneType: lambda _: None,
    bool: lambda dice: dice.random() < 0.5,
    int: whole,
    float: lambda dice: dice.choice([0.0, -0.0, 0.1, 1e-300, 1e300, dice.random()]),
    str: text,
    bytes: lambda dice: dice.randbytes(dice.randrange(9)),
    datetime: moment,
    date: lambda dice: moment(dice).date(),
    Decimal: lambda dice: Decimal(dice.choice(["0", "1.10", "-0.000000001", "12345678901234567890.5"])),
    Secret: lambda dice: Secret(text(dice)),
    ZoneInfo: lambda dice: ZoneInfo(dice.choice(["UTC", "Europe/Berlin"])),
    Any: anything,
    msgspec.UnsetType: lambda _: msgspec.UNSET,
    LLMRequest: request,
    DrillOrder: drill_order,
}


def any_value(kind: Any, dice: Random) -> Any:
    """Return a value of ``kind``. Raises ``TypeError`` for a type that nothing here knows."""
    if kind in MAKERS:
        return MAKERS[kind](dice)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return any_value(inner[0], dice)
    if origin is Literal:
        return dice.choice(inner)
    if origin in (Union, UnionType):
        return any_value(dice.choice(inner), dice)
    if origin is not None:
        return _container(origin, inner, dice)
    return _record(kind, dice)


def _container(origin: Any, inner: tuple[Any, ...], dice: Random) -> Any:
    if issubclass(origin, tuple) and inner[-1:] != (Ellipsis,):
        return tuple(any_value(each, dice) for each in inner)
    times = range(dice.randrange(3))
    if issubclass(origin, Mapping):
        return {any_value(inner[0], dice): any_value(inner[1], dice) for _ in times}
    if issubclass(origin, frozenset):
        return frozenset(any_value(inner[0], dice) for _ in times)
    if issubclass(origin, Sequence):
        items = [any_value(inner[0], dice) for _ in times]
        return tuple(items) if issubclass(origin, tuple) else items
    raise TypeError(f"no values are made of {origin}")


def _record(kind: Any, dice: Random) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        names: Sequence[str] = kind.__struct_fields__
    elif dataclasses.is_dataclass(kind):
        names = [each.name for each in dataclasses.fields(kind)]
    elif isinstance(kind, type) and issubclass(kind, tuple):
        names = list(kind.__annotations__)
    else:
        raise TypeError(f"no values are made of {kind}")
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{name: any_value(hints[name], dice) for name in names})
