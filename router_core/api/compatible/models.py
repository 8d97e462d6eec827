"""``GET /v1/models`` and ``GET /v1/models/{model}``, in OpenAI's shape, or in Anthropic's for its clients."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from router_core.api.auth import require_in_service
from router_core.api.call import Call
from router_core.errors import ModelNotFoundError, ValidationError
from router_core.selection import Offer

__all__ = ["list_models", "show_model"]

DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 1_000
# Nobody knows when a model was made; the protocols want to be told all the same.
_CREATED: Final = 0
_CREATED_AT: Final = "1970-01-01T00:00:00Z"


async def list_models(call: Call) -> None:
    """Answer with what the caller may name as a model."""
    found = await _offers(call)
    if _for_anthropic(call):
        await call.answer(_page(found, dict(parse_qsl(call.scope["query_string"].decode("latin-1")))))
    else:
        await call.answer({"object": "list", "data": [_openai(each) for each in found]})


async def show_model(call: Call) -> None:
    """Answer with one of them. Raises :class:`ModelNotFoundError`."""
    wanted = call.parameter("model")
    offer = next((each for each in await _offers(call) if each.name == wanted), None)
    if offer is None:
        raise ModelNotFoundError("No configured provider serves the requested model")
    write: Callable[[Offer], dict[str, Any]] = _anthropic if _for_anthropic(call) else _openai
    await call.answer(write(offer))


async def _offers(call: Call) -> Sequence[Offer]:
    await require_in_service(call.principal, None, call.deps.authenticator)
    return call.deps.router.offers(call.principal)


def _for_anthropic(call: Call) -> bool:
    return b"anthropic-version" in call.headers


def _openai(offer: Offer) -> dict[str, Any]:
    return {"id": offer.name, "object": "model", "created": _CREATED, "owned_by": offer.owner}


def _anthropic(offer: Offer) -> dict[str, Any]:
    return {"type": "model", "id": offer.name, "display_name": offer.name, "created_at": _CREATED_AT}


def _page(found: Sequence[Offer], query: dict[str, str]) -> dict[str, Any]:
    """Return the page that ``query`` asks for. Raises :class:`ValidationError`."""
    limit = _limit(query.get("limit"))
    begin, end = 0, len(found)
    if "after_id" in query:
        begin = _place(found, query["after_id"], "after_id") + 1
        shown = found[begin : begin + limit]
        more = begin + limit < end
    elif "before_id" in query:
        end = _place(found, query["before_id"], "before_id")
        shown = found[max(0, end - limit) : end]
        more = end > limit
    else:
        shown = found[:limit]
        more = end > limit
    ids = [each.name for each in shown]
    return {
        "data": [_anthropic(each) for each in shown],
        "has_more": more,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE
    if text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= LARGEST_PAGE:
        return int(text)
    raise ValidationError(f"must be a whole number from 1 to {LARGEST_PAGE}", field="limit")


def _place(found: Sequence[Offer], name: str, field: str) -> int:
    place = next((place for place, each in enumerate(found) if each.name == name), None)
    if place is None:
        raise ValidationError("is the id of no model", field=field)
    return place
