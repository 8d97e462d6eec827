"""The words by which a record can be found."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from router_core.types import OperatorAction, RequestEvent

__all__ = ["action_words", "event_words", "words_of"]

_WORD: Final = re.compile(r"\w+")
_LONGEST: Final = 64
_MOST: Final = 400


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the distinct words of ``texts`` in lower case, each cut to 64 characters, at most 400 of them."""
    found: dict[str, None] = {}
    for each in texts:
        for match in _WORD.finditer(each.lower()):
            found[match[0][:_LONGEST]] = None
            if len(found) >= _MOST:
                return list(found)
    return list(found)


def event_words(event: RequestEvent) -> list[str]:
    """Return the words of a request: what went wrong, the caller's metadata, and prompt and answer where kept."""
    texts = [attempt.error for attempt in event.decision.attempts if attempt.error]
    texts.extend(_flat(event.metadata))
    if event.content is not None:
        texts.extend((event.content.prompt, event.content.answer))
    return words_of(texts) if texts else []


def action_words(action: OperatorAction) -> list[str]:
    """Return the words of an act: its verb, its object, and what it changed."""
    details = (action.detail, action.before or {}, action.after or {})
    return words_of([action.action, action.target, action.actor, *(text for each in details for text in _flat(each))])


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _flat(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
    elif value is not None:
        yield str(value)
