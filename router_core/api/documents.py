"""Strict reading of small documents and query strings: faults name the field and never echo a value."""

import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from router_core.api.body import check_json, read_body, require_json
from router_core.api.call import Call
from router_core.api.deps import ApiLimits
from router_core.api.parsing import explained
from router_core.errors import ValidationError
from router_core.wording import camel, in_camel

__all__ = ["number_if_given", "read_document", "read_nothing", "read_query", "whole_number"]

D = TypeVar("D")
MAX_DOCUMENT_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:[A-Z][a-z0-9]*)*")
_SHOWN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


async def read_document(call: Call, kind: type[D], most: int = MAX_DOCUMENT_BYTES) -> D:
    """Return the call's body, of at most ``most`` bytes, as a ``kind``.

    Raises :class:`ValidationError`, :class:`UnsupportedMediaTypeError`, :class:`PayloadTooLargeError` and
    :class:`RequestTimeoutError`.
    """
    require_json(call.headers)
    body = await read_body(call.receive, call.headers, _limits(call, most))
    check_json(body)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _fault(error) from None


async def read_nothing(call: Call) -> None:
    """Make sure that the call brings no body but an empty object. Raises as :func:`read_document` does."""
    body = await read_body(call.receive, call.headers, _limits(call, MAX_DOCUMENT_BYTES))
    if body and body.strip() != b"{}":
        raise ValidationError("the body must be empty")


def read_query(call: Call, defaults: Mapping[str, D]) -> dict[str, str | D]:
    """Return the values of the query's parameters, which are those in ``defaults``, each at most once."""
    found: dict[str, str | D] = {}
    for name, value in parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in defaults:
            raise ValidationError("unknown parameter", field=name if _SHOWN.fullmatch(name) else None)
        if name in found:
            raise ValidationError("the parameter is given twice", field=name)
        found[name] = value
    return {**defaults, **found}


def number_if_given(text: str | None, name: str, most: int) -> int | None:
    """Return the number that a parameter gives, None where it is not there. Raises as :func:`whole_number` does."""
    return None if text is None else whole_number(text, name, most)


def whole_number(text: str, name: str, most: int) -> int:
    """Return the number that a parameter gives. Raises :class:`ValidationError` outside 0 to ``most``."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise ValidationError(f"{name} must be a whole number", field=name)
    return int(text)


def _limits(call: Call, most: int) -> ApiLimits:
    given = call.deps.limits
    return ApiLimits(max_body=min(most, given.max_body), body_pause=given.body_pause, body_total=given.body_total)


def _fault(error: Exception) -> ValidationError:
    """Say what is wrong: in the type's own words where it refused a figure, for those quote nothing."""
    cause = error.__cause__
    if not isinstance(error, msgspec.ValidationError) or not isinstance(cause, ValueError):
        return explained(error)
    name, _, rest = str(cause).partition(" ")
    if not _NAME.fullmatch(name):
        return ValidationError(in_camel(str(cause)))
    return ValidationError(f"{camel(name)} {in_camel(rest)}", field=camel(name))
