"""How errors travel: class, message and facts, so that pages meet the error they would have met in one process."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

from router_core.configuration.findings import WrongConfigurationError
from router_core.cost.bill import BillFault, WrongBillError
from router_core.errors import ConflictError, InternalError, LLMError, sanitize_message
from router_core.types import Finding

__all__ = ["TravellingError", "packed", "unpacked"]

_TYPED: Final[Mapping[tuple[type[LLMError], str], Any]] = MappingProxyType(
    {
        (ConflictError, "changes"): tuple[str, ...],
        (WrongBillError, "faults"): tuple[BillFault, ...],
        (WrongConfigurationError, "findings"): tuple[Finding, ...],
    }
)
"""Facts that JSON alone does not bring back as they were."""

_OWN: Final = frozenset({"message", "retry_after_ms"})


class TravellingError(Struct, frozen=True, kw_only=True, rename="camel"):
    """An error of the tree: the name of its class, what it says, and its further facts by name."""

    kind: str
    message: str
    retry_after_ms: int | None = None
    facts: dict[str, Any] = {}
    nested: "dict[str, TravellingError]" = {}


def packed(error: LLMError) -> TravellingError:
    """Return ``error`` as it travels; what is neither text, number nor error of the tree stays behind."""
    kinds, facts = type(error), {name: fact for name, fact in vars(error).items() if name not in _OWN}
    return TravellingError(
        kind=kinds.__name__,
        message=sanitize_message(error.message),
        retry_after_ms=error.retry_after_ms,
        facts={
            name: msgspec.to_builtins(fact)
            for name, fact in facts.items()
            if _is_plain(fact) or (kinds, name) in _TYPED
        },
        nested={name: packed(fact) for name, fact in facts.items() if isinstance(fact, LLMError)},
    )


def unpacked(found: TravellingError) -> LLMError:
    """Return the error that ``found`` was; one of a class that this side does not know becomes an internal one."""
    kind = next((each for each in _kinds(LLMError) if each.__name__ == found.kind), None)
    if kind is None:
        return InternalError(found.message)
    made = kind.__new__(kind, found.message)
    LLMError.__init__(made, found.message, retry_after_ms=found.retry_after_ms)
    for name, fact in found.facts.items():
        vars(made)[name] = msgspec.convert(fact, _TYPED[kind, name]) if (kind, name) in _TYPED else fact
    for name, other in found.nested.items():
        vars(made)[name] = unpacked(other)
    return made


def _kinds(root: type[LLMError]) -> Iterator[type[LLMError]]:
    yield root
    for each in root.__subclasses__():
        yield from _kinds(each)


def _is_plain(fact: Any) -> bool:
    if isinstance(fact, list | tuple):
        return all(_is_plain(each) for each in fact)
    if isinstance(fact, dict):
        return all(isinstance(name, str) and _is_plain(each) for name, each in fact.items())
    return fact is None or isinstance(fact, str | int | float)
