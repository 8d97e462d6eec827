"""The part of the description that says what goes wrong: one answer for each status, with its codes."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from router_core.api.error_kinds import ErrorKind, error_kinds
from router_core.api.openapi_headers import header_refs

__all__ = ["ADMIN_STATUSES", "ALL_STATUSES", "error_answers", "error_refs", "error_schema"]

ALL_STATUSES: Final = (
    "400", "401", "402", "403", "404", "408", "409", "413", "415", "429", "500", "502", "503", "504",
)  # fmt: skip
ADMIN_STATUSES: Final = ("400", "401", "403", "404", "408", "409", "413", "415", "429", "500", "503")
# Between us and a provider; over HTTP it is PROVIDER_UNAVAILABLE.
_OURS: Final = frozenset({"INVALID_API_KEY"})
_NAME: Final = "Error{status}"


def error_refs(statuses: Iterable[str]) -> dict[str, Any]:
    """Return the answers for ``statuses``, by reference."""
    return {status: {"$ref": f"#/components/responses/{_NAME.format(status=status)}"} for status in statuses}


def error_answers() -> dict[str, Any]:
    """Return the answer for every status that an error has."""
    found: dict[int, list[ErrorKind]] = {}
    for kind in _shown():
        found.setdefault(kind.status, []).append(kind)
    return {_NAME.format(status=status): _answer(status, kinds) for status, kinds in found.items()}


def error_schema() -> dict[str, Any]:
    """Return the schema of what every error answers with."""
    fields = {
        "code": {
            "type": "string",
            "enum": [kind.code for kind in _shown()],
            "description": "What it is, for programs.",
        },
        "message": {"type": "string", "description": "What it is, for people; never a value that came."},
        "retryable": {"type": "boolean", "description": "Whether asking again may help."},
        "requestId": {"type": "string", "description": "The request's name in every record."},
        "field": {"type": "string", "description": "Where the input is wrong, as a path."},
        "retryAfterMs": {"type": "integer", "description": "Milliseconds to wait before asking again."},
    }
    error = {
        "type": "object",
        "required": ["code", "message", "retryable", "requestId"],
        "properties": fields,
        "additionalProperties": True,
    }
    return {
        "title": "Error",
        "description": "What went wrong. Some codes say more, such as `budgetStatus`, `lastError` or `attempts`.",
        "type": "object",
        "required": ["error"],
        "properties": {"error": error},
    }


def _shown() -> list[ErrorKind]:
    return [kind for kind in error_kinds() if kind.code not in _OURS]


def _answer(status: int, kinds: list[ErrorKind]) -> dict[str, Any]:
    first = kinds[0]
    error = {"code": first.code, "message": first.when, "retryable": first.retryable, "requestId": "req-1"}
    media = {"schema": {"$ref": "#/components/schemas/Error"}, "example": {"error": error}}
    waits = ("Retry-After",) if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) else ()
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.when}" for kind in kinds),
        "headers": header_refs("X-Request-Id", *waits),
        "content": {"application/json": media},
    }
