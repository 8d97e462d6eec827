"""The part of the description that is about the headers of answers."""

from typing import Any, Final

__all__ = ["IDEMPOTENCY_KEY", "header_refs", "headers"]

IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request that is sent again with the same key and body is not served again: for 24 hours it gets "
    "the answer that it had, with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
"""What a request that is served once for each key may send."""

_HEADERS: Final[dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The request's name in every record: the caller's own where it sent a harmless one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Whole seconds to wait before asking again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-Should-Retry": {
        "description": "Asking again is in vain, whatever the status says; the vendors' own clients obey it.",
        "schema": {"type": "string", "enum": ["false"]},
    },
    "RateLimit-Policy": {
        "description": "The caller's limits: how much at once (`q`), and the seconds in which it comes back (`w`).",
        "schema": {"type": "string"},
        "example": '"account";q=50;w=5',
    },
    "RateLimit": {
        "description": "What is left of each (`r`), and the seconds until there is more (`t`).",
        "schema": {"type": "string"},
        "example": '"account";r=49;t=1',
    },
    "Idempotent-Replayed": {
        "description": "The answer is one that an earlier request with the same `Idempotency-Key` had.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "X-Signalbox-Request-Id": {
        "description": "The request's name in every record.",
        "schema": {"type": "string"},
    },
    "X-Signalbox-Provider": {"description": "Who answered.", "schema": {"type": "string"}},
    "X-Signalbox-Cost-Usd": {
        "description": "What it cost, exactly, in dollars; not of a stream, nor of a model whose price nobody knows.",
        "schema": {"type": "string"},
        "example": "0.000450",
    },
    "X-Signalbox-Token-Count": {
        "description": "Whether the model's vendor counted or it is an estimate.",
        "schema": {"type": "string", "enum": ["counted", "estimated"]},
    },
    "X-Signalbox-Cache": {
        "description": "What the cache of answers had, where it was asked.",
        "schema": {"type": "string", "enum": ["hit", "miss", "shared"]},
    },
}


def headers() -> dict[str, Any]:
    """Return every header that answers are described with."""
    return dict(_HEADERS)


def header_refs(*names: str) -> dict[str, Any]:
    """Return headers of an answer, by reference."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
