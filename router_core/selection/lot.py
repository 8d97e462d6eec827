"""One random number, of which every draw of a request takes its part."""

import math
from collections.abc import Sequence
from hashlib import blake2b

from router_core.types import LLMRequest, TextPart

__all__ = ["Conversation", "Lot", "conversation_of"]

_BELOW_ONE = 1.0 - 2.0**-53
_PREFIX = 4_096
_DIGEST_BYTES = 8
_SEED_BYTES = 16


class Lot:
    """Draws from one ``chance`` in [0, 1): what a draw leaves of it is as random as before. None is no chance at all:
    then the likeliest is drawn.
    """

    __slots__ = ("_left",)

    def __init__(self, chance: float | None) -> None:
        self._left = chance

    @property
    def is_chance(self) -> bool:
        """Whether anything is left to chance."""
        return self._left is not None

    def hits(self, share: float) -> bool:
        """Return True in ``share`` of all cases, which is within 0 and 1."""
        if self._left is None:
            return False
        hit = self._left < share
        self._take(0.0, share) if hit else self._take(share, 1.0 - share)
        return hit

    def pick(self, weights: Sequence[float]) -> int:
        """Return an index, each as likely as its weight; the sum of them is above 0."""
        if self._left is None:
            return max(range(len(weights)), key=weights.__getitem__)
        total = sum(weights)
        point, below = self._left * total, 0.0
        last = 0
        for index, weight in enumerate(weights):
            if weight > 0:
                last = index
                if point < below + weight:
                    break
                below += weight
        else:
            below -= weights[last]
        self._take(below / total, weights[last] / total)
        return last

    def _take(self, start: float, width: float) -> None:
        if self._left is not None and width > 0:
            self._left = min(max((self._left - start) / width, 0.0), _BELOW_ONE)


class Conversation:
    """What is drawn once for all turns of a conversation: by its account and its first words, no matter who asks."""

    __slots__ = ("_seed",)

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def chance(self, about: str) -> float:
        """Return a number in (0, 1) that is always the same for the same conversation and ``about``."""
        digest = blake2b(about.encode(), digest_size=_DIGEST_BYTES, key=self._seed, person=b"sbx sticky").digest()
        return ((int.from_bytes(digest) >> 11) + 0.5) * 2.0**-53

    def rank(self, about: str, weight: int) -> float:
        """Return what the candidate ``about`` is sorted by: it is first as often as its ``weight`` says, and the order
        of all others stays when one of them goes (weighted rendezvous hashing).
        """
        return -math.log(self.chance(about)) / weight if weight else math.inf


def conversation_of(request: LLMRequest, account_id: str | None, use_case: str) -> Conversation:
    """Return the conversation that ``request`` is a turn of; 4,096 characters of its first words count."""
    told = f"{account_id or ''}\0{use_case}\0{_first_words(request)[:_PREFIX]}".encode("utf-8", "replace")
    return Conversation(blake2b(told, digest_size=_SEED_BYTES).digest())


def _first_words(request: LLMRequest) -> str:
    if request.prompt is not None:
        return request.prompt
    messages = request.messages or ()
    first = next((each for each in messages if each.role == "user"), messages[0] if messages else None)
    if first is None:
        return ""
    if isinstance(first.content, str):
        return first.content
    return "".join(part.text for part in first.content if isinstance(part, TextPart))
