"""What idempotency keys need from outside: one place that knows for all processes who has a key and what came of it."""

from typing import Final, Protocol

from msgspec import Struct

__all__ = ["KEPT_S", "AnswerClaim", "AnswerStore", "ClaimedAnswer", "Room"]

KEPT_S: Final = 24 * 3600.0
"""How long an answer is kept, in seconds."""


class AnswerClaim(Struct, frozen=True, kw_only=True):
    """The wish to be the request that is served under a key.

    ``place`` is a digest of the key and of everything that it is scoped to, ``body`` one of the request's body.
    ``lease`` names the request itself, which has the key for ``lease_s`` seconds, or until it has an answer.
    """

    place: str
    account_id: str
    body: str
    lease: str
    lease_s: float


class ClaimedAnswer(Struct, frozen=True):
    """What a key that is taken has: the digest of its body, and its sealed answer, None while that is being made."""

    body: str
    answer: bytes | None


class Room(Struct, frozen=True, kw_only=True):
    """How much is kept of one account: so many answers, of so many bytes together. The oldest make room."""

    answers: int = 5_000
    size: int = 64 * 1024 * 1024


class AnswerStore(Protocol):
    """Keeps sealed answers by place. Raises :class:`OverloadedError` while it cannot be reached."""

    async def claim(self, claim: AnswerClaim) -> ClaimedAnswer | None:
        """Take the place; return what is there instead when another has it, None when it is the claim's."""
        ...

    async def keep(self, claim: AnswerClaim, sealed: bytes) -> bool:
        """Keep the answer for 24 hours from now; return whether the place was still the claim's."""
        ...

    async def release(self, claim: AnswerClaim) -> None:
        """Leave the place to whoever claims it next, unless it is another's or has its answer."""
        ...
