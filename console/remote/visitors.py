"""Who the visitors are, as the API last said: asked again after a few seconds, sooner when it says something else."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec

from router_core.clock import Clock
from router_core.types import Principal

__all__ = ["Visitors", "person_digest"]

FRESH_S: Final = 5.0
MOST: Final = 10_000


@dataclass
class _Known:
    person: Principal
    digest: str
    until: float


class Visitors:
    """Keeps each visitor under their own session's digest for 5 seconds, as long as the API itself does.

    Every answer says whom it was for: that it is the same person, of the same role, keeps them known; that it is not,
    or that the session is no more, forgets them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def known(self, token: str) -> Principal | None:
        """Return whose session ``token`` is, None when that is not known for sure."""
        found = self._known.get(_key(token))
        return found.person if found is not None and self._clock.now() < found.until else None

    def learn(self, token: str, person: Principal) -> None:
        """Note what the API said."""
        key = _key(token)
        self._known[key] = _Known(person, person_digest(person), self._clock.now() + FRESH_S)
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def confirm(self, token: str, digest: str | None) -> None:
        """Note for whom an answer was."""
        found = self._known.get(_key(token))
        if found is None:
            return
        if found.digest == digest:
            found.until = self._clock.now() + FRESH_S
        else:
            self.forget(token)

    def forget(self, token: str) -> None:
        """Note that the session is no more."""
        self._known.pop(_key(token), None)


def person_digest(person: Principal) -> str:
    """Return what the API's answers say of whom they are for."""
    return hashlib.sha256(msgspec.json.encode(person)).hexdigest()[:16]


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
