"""Answers to questions that say the same in other words: off unless a use case asks for it, and open to review.

Only the last words of the user may differ. Everything else is the scope, a digest like the exact key's: the account,
the use case, purges, system prompt, earlier turns, tools, schema, model and rows. Texts that differ in a number or a
negation are never the same question, however alike they are.
"""

import math
import re
import zlib
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct, structs

from router_core.cache.answer_key import AnswerKey, answer_key
from router_core.clock import Clock, new_ulid
from router_core.errors.sanitizer import readable, redact, shortened
from router_core.ports import Embedder
from router_core.types import CacheMarks, CacheMatch, Question, RelayedRequest

__all__ = ["HashingEmbedder", "NearAnswers", "NearQuestion", "near_question"]

MOST_SCOPES: Final = 1_000
MOST_PER_SCOPE: Final = 200
MOST_REVIEWED: Final = 200
MOST_CHARS: Final = 8_000
_DIMENSIONS: Final = 4_096
_WORD: Final = re.compile(r"\w+(?:[.,']\w+)*")
_NEGATIONS: Final = frozenset(
    {
        "no", "not", "never", "none", "without", "nor", "cannot", "can't", "don't", "doesn't", "didn't", "isn't",
        "aren't", "won't", "kein", "keine", "nicht", "nie", "ohne",
    }
)  # fmt: skip


class HashingEmbedder:
    """An :class:`Embedder` of our own: words and pairs of words, hashed. It costs microseconds, sends nothing anywhere,
    and knows only that texts share words: it finds a changed order or an added courtesy, not another wording.
    """

    __slots__ = ()

    async def embed(self, text: str) -> Mapping[int, float]:
        """Return the direction of ``text``."""
        words = _words(text)
        counts = Counter(zlib.crc32(each.encode("utf-8", "replace")) % _DIMENSIONS for each in words)
        for one, other in pairwise(words):
            counts[zlib.crc32(f"{one} {other}".encode("utf-8", "replace")) % _DIMENSIONS] += 1
        length = math.sqrt(sum(each * each for each in counts.values()))
        return {place: each / length for place, each in counts.items()}


class NearQuestion(Struct, frozen=True):
    """The ``text`` that may be put in other words, within the ``scope`` that may not change."""

    scope: bytes
    text: str


class _Known(Struct, frozen=True):
    key: AnswerKey
    text: str
    direction: Mapping[int, float]
    ends: float


def near_question(question: Question, marks: CacheMarks) -> NearQuestion | None:
    """Return what may be asked in other words, None where nothing may: pictures, tool results, very long texts, and
    what came in a vendor's protocol, whose words are in the client's own fields as well.
    """
    request = question.request
    if isinstance(request, RelayedRequest):
        return None
    if request.prompt is not None:
        text, blank = request.prompt, structs.replace(request, prompt="")
    else:
        *before, last = request.messages or (None,)
        if last is None or last.role != "user" or not isinstance(last.content, str):
            return None
        text, blank = last.content, structs.replace(request, messages=(*before, structs.replace(last, content="")))
    scope = answer_key(structs.replace(question, request=blank), marks)
    return None if scope is None or len(text) > MOST_CHARS else NearQuestion(scope.digest, text)


class NearAnswers:
    """The questions whose answers this process keeps, by scope, bounded; and what was answered in their stead."""

    __slots__ = ("_clock", "_embedder", "_matches", "_scopes", "_wrong")

    def __init__(self, clock: Clock, embedder: Embedder | None = None) -> None:
        self._clock = clock
        self._embedder = embedder or HashingEmbedder()
        self._scopes: OrderedDict[bytes, OrderedDict[bytes, _Known]] = OrderedDict()
        self._matches: deque[tuple[CacheMatch, AnswerKey]] = deque(maxlen=MOST_REVIEWED)
        self._wrong = 0

    @property
    def wrong(self) -> int:
        """How many matches people called wrong."""
        return self._wrong

    async def add(self, near: NearQuestion, key: AnswerKey, ttl_s: float) -> None:
        """The answer to ``near`` is kept under ``key``."""
        direction = await self._embedder.embed(near.text)
        known = self._scopes.setdefault(near.scope, OrderedDict())
        self._scopes.move_to_end(near.scope)
        known[key.digest] = _Known(key, near.text, direction, self._clock.now() + ttl_s)
        known.move_to_end(key.digest)
        if len(known) > MOST_PER_SCOPE:
            known.popitem(last=False)
        if len(self._scopes) > MOST_SCOPES:
            self._scopes.popitem(last=False)

    async def find(self, near: NearQuestion, least: float) -> tuple[AnswerKey, str, float] | None:
        """Return the key and the text of the most similar question and how similar it is, None below ``least``."""
        known = [each for each in self._scopes.get(near.scope, {}).values() if self._clock.now() < each.ends]
        same = _telling(near.text)
        alike = [each for each in known if _telling(each.text) == same]
        if not alike:
            return None
        direction = await self._embedder.embed(near.text)
        best = max(alike, key=lambda each: _cosine(direction, each.direction))
        found = _cosine(direction, best.direction)
        return (best.key, best.text, found) if found >= least else None

    def note(self, question: Question, asked: str, answered: str, similarity: float, key: AnswerKey) -> None:
        """A question was answered with another's answer; people may look at it."""
        match = CacheMatch(
            id=new_ulid(self._clock), at=self._clock.utcnow(), account_id=question.account_id,
            use_case=question.use_case, asked=_shown(asked), answered=_shown(answered),
            similarity=similarity,
        )  # fmt: skip
        self._matches.append((match, key))

    def matches(self) -> Sequence[CacheMatch]:
        """Return what was answered with another's answer, newest first, at most 200."""
        return [match for match, _ in reversed(self._matches)]

    def call_wrong(self, match_id: str) -> AnswerKey | None:
        """Mark a match as wrong, forget its question, and return the key of its answer; None for no such match."""
        for place, (match, key) in enumerate(self._matches):
            if match.id == match_id:
                self._wrong += not match.wrong
                self._matches[place] = (structs.replace(match, wrong=True), key)
                for known in self._scopes.values():
                    known.pop(key.digest, None)
                return key
        return None

    def clear(self) -> None:
        """Forget every question."""
        self._scopes.clear()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _telling(text: str) -> Counter[str]:
    """Return the words of ``text`` that must be the same: those with a digit, and negations."""
    return Counter(each for each in _words(text) if each in _NEGATIONS or any(sign.isdigit() for sign in each))


def _cosine(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    few, many = (one, other) if len(one) < len(other) else (other, one)
    return min(1.0, sum(value * many.get(place, 0.0) for place, value in few.items()))


def _shown(text: str) -> str:
    return shortened(redact(readable(text), personal=True))
