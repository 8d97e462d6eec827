"""The secrets that this process holds, so that no text of a provider can show one of them."""

from collections.abc import Iterator

from router_core.errors.sanitizer import Revealable, needles, readable, redact, shortened

__all__ = ["MAX_SECRETS", "KnownSecrets"]

MAX_SECRETS = 1024


class KnownSecrets:
    """All secrets that are in use, and at most ``limit`` that were; of these the first to be put aside goes first."""

    def __init__(self, limit: int = MAX_SECRETS) -> None:
        self._limit = limit
        self._used: dict[Revealable, int] = {}
        self._past: dict[Revealable, None] = {}
        self._needles: tuple[str, ...] | None = None

    def add(self, secret: Revealable) -> None:
        """Remember ``secret`` until it is put aside as often as it was added."""
        if secret not in self._used and secret not in self._past:
            self._needles = None
        self._past.pop(secret, None)
        self._used[secret] = self._used.get(secret, 0) + 1

    def put_aside(self, secret: Revealable) -> None:
        """Take ``secret`` as one that is in use no more; texts that come late may still show it."""
        holders = self._used.pop(secret, 0)
        if holders > 1:
            self._used[secret] = holders - 1
        if holders != 1:
            return
        self._past[secret] = None
        if len(self._past) > self._limit:
            del self._past[next(iter(self._past))]
            self._needles = None

    def clean(self, text: str) -> str:
        """Return ``text`` fit to be shown: as ``sanitize_message``, and without any secret known here."""
        return shortened(self.redact(readable(text)))

    def redact(self, text: str, *, personal: bool = False) -> str:
        """Return ``text`` at full length without any secret known here, what looks like one, and ``personal`` data."""
        found = self._needles
        if found is None:
            found = self._needles = needles(tuple(self))
        return redact(text, found, personal=personal)

    def __iter__(self) -> Iterator[Revealable]:
        return iter((*self._used, *self._past))

    def __len__(self) -> int:
        return len(self._used) + len(self._past)

    def __repr__(self) -> str:
        return f"KnownSecrets({len(self)})"
