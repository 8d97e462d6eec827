"""The secrets that this process holds, so that no text of a provider can show one of them."""

from collections.abc import Iterator

from router_core.errors.sanitizer import Revealable, needles, readable, redact, shortened

__all__ = ["MAX_SECRETS", "KnownSecrets"]

MAX_SECRETS = 1024


class KnownSecrets:
    """At most ``limit`` secrets; the one that was added longest ago is forgotten first."""

    def __init__(self, limit: int = MAX_SECRETS) -> None:
        self._limit = limit
        self._secrets: dict[Revealable, None] = {}
        self._needles: tuple[str, ...] | None = None

    def add(self, secret: Revealable) -> None:
        """Remember ``secret``; adding it again makes it the newest."""
        known = secret in self._secrets
        self._secrets.pop(secret, None)
        self._secrets[secret] = None
        if len(self._secrets) > self._limit:
            del self._secrets[next(iter(self._secrets))]
        if not known:
            self._needles = None

    def clean(self, text: str) -> str:
        """Return ``text`` fit to be shown: as ``sanitize_message``, and without any secret known here."""
        return shortened(self.redact(readable(text)))

    def redact(self, text: str, *, personal: bool = False) -> str:
        """Return ``text`` at full length without any secret known here, what looks like one, and ``personal`` data."""
        found = self._needles
        if found is None:
            found = self._needles = needles(tuple(self._secrets))
        return redact(text, found, personal=personal)

    def __iter__(self) -> Iterator[Revealable]:
        return iter(tuple(self._secrets))

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"KnownSecrets({len(self)})"
