"""Every error code with its status, for whoever describes them: made from the classes that are raised."""

import re
from collections.abc import Iterator

from msgspec import Struct

from router_core.api import console  # noqa: F401 - brings a refusal of its own
from router_core.errors import LLMError

__all__ = ["ErrorKind", "error_kinds"]


class ErrorKind(Struct, frozen=True):
    """One code: the status it comes with, whether asking again may help, and when it comes."""

    code: str
    status: int
    retryable: bool
    when: str


def error_kinds() -> tuple[ErrorKind, ...]:
    """Return all codes, by status, then code."""
    rows: dict[str, type[LLMError]] = {}
    for each in _classes(LLMError):
        rows.setdefault(each.code, each)
    kinds = (ErrorKind(each.code, each.status_code, each.retryable, _first_sentence(each)) for each in rows.values())
    return tuple(sorted(kinds, key=lambda kind: (kind.status, kind.code)))


def _classes(root: type[LLMError]) -> Iterator[type[LLMError]]:
    """Yield the classes below ``root`` that stand for a code of their own."""
    for each in root.__subclasses__():
        if "code" in vars(each) or each.code != root.code or not each.__subclasses__():
            yield each
        yield from _classes(each)


def _first_sentence(error: type[LLMError]) -> str:
    line = (error.__doc__ or "").split("\n", 1)[0]
    return re.split(r"[.;](?: |$)", line)[0].replace("``", "`")
