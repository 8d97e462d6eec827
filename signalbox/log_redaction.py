"""What no line of the log holds: secrets, personal data, and characters that make a line look like two."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from router_core.errors.known_secrets import KnownSecrets
from router_core.types import Secret
from signalbox.settings import Settings

__all__ = ["LogRedaction", "secrets_of"]

_OWN: Final = frozenset({"timestamp", "level"})
_MANY_LINES: Final = frozenset({"exception", "stack"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_DEEPEST: Final = 8


class LogRedaction:
    """The last processor before a line is made: cleans the message, every field and every trace, at whatever level.

    ``known`` are secrets that are looked for as they are; more of them may be added at any time.
    """

    def __init__(self, *known: KnownSecrets) -> None:
        self.known = [*known]

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return ``event`` fit to be written."""
        return {name: value if name in _OWN else self._value(value, name) for name, value in event.items()}

    def clean(self, text: str) -> str:
        """Return ``text`` without secrets and personal data."""
        for each in self.known[1:]:
            text = each.redact(text)
        return self.known[0].redact(text, personal=True)

    def _value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            cleaned = self.clean(value)
            return cleaned if name in _MANY_LINES else _CONTROL.sub(_escaped, cleaned)
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self._value(str(key)): self._value(each, str(key), depth + 1) for key, each in value.items()}
        if depth < _DEEPEST and isinstance(value, list | tuple):
            return [self._value(each, name, depth + 1) for each in value]
        return self._value(repr(value), name)


def secrets_of(settings: Settings) -> KnownSecrets:
    """Return the secrets that the environment holds, passwords in URLs among them."""
    known = KnownSecrets()
    for secret in _held(settings):
        known.add(secret)
    return known


def _held(settings: Settings) -> Iterable[Secret]:
    for key in (settings.openai_api_key, settings.anthropic_api_key, settings.encryption_key, settings.api_key):
        if key is not None:
            yield key
    for url in (settings.database_url, settings.redis_url, settings.smtp_url):
        password = None if url is None else _password(url)
        if password:
            yield Secret(password)


def _password(url: Secret) -> str | None:
    try:
        found = urlsplit(url.reveal()).password
    except ValueError:
        return None
    return None if found is None else unquote(found)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
