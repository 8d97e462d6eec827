"""Answers for questions that were asked before, or are being asked: a kept one, or one call for all who ask at once."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec
from msgspec import Struct, structs

from router_core.cache.answer_key import AnswerKey, answer_key, in_part
from router_core.cache.entries import Gathering, KeptAnswer, decode_answer, encode_answer, replayed
from router_core.cache.flights import Flight, Flights, HandedOverError
from router_core.cache.sealing import BrokenSealError, NoSeal, Seal
from router_core.cache.semantic import NearAnswers, NearQuestion, near_question
from router_core.cache.strategy import CacheStrategy
from router_core.clock import Clock
from router_core.ports import AnswerCall, ConfigSource, Embedder
from router_core.types import (
    AnswerPart,
    CacheCounts,
    CacheMatch,
    CachePolicy,
    CacheReport,
    Question,
    RelayedRequest,
    Served,
)

__all__ = ["MOST_ENTRY_BYTES", "AnswerCache"]

# A larger answer is given and not kept.
MOST_ENTRY_BYTES = 1024 * 1024


class _Wish(Struct, frozen=True):
    """A question that may be answered from the cache, and for how many seconds its answer may be kept."""

    question: Question
    key: AnswerKey
    ttl_s: int


class AnswerCache:
    """Keeps answers in ``store``; a :class:`ResponseCache`. It belongs to one event loop.

    A request asks for it with ``cache``, or its use case does; ``cache: false`` goes by it. What is found is no older
    than the request or the use case wants it, from the same account, to the same question, whole and good.
    """

    __slots__ = ("_clock", "_config", "_counts", "_flights", "_near", "_seal", "_store")

    def __init__(
        self,
        store: CacheStrategy,
        config: ConfigSource,
        clock: Clock,
        seal: Seal | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._near = NearAnswers(clock, embedder)
        self._store = store
        self._config = config
        self._clock = clock
        self._seal = seal or NoSeal()
        self._flights = Flights()
        self._counts: Counter[str] = Counter()

    def answer(self, question: Question, call: AnswerCall) -> AsyncGenerator[AnswerPart, None]:
        """Return the answer to ``question``: a kept one, one that is on its way to another request, or ``call``'s own.

        Where the cache was asked, :class:`Served` comes first. Raises the :class:`LLMError` of the call.
        """
        wish = self._wish(question)
        return call.parts() if wish is None else self._answered(wish, call)

    def report(self) -> CacheReport:
        """Return what requests met since the process began, and how the store is doing."""
        counts = CacheCounts(**self._counts, flights=len(self._flights), wrong=self._near.wrong)
        return CacheReport(answers=counts, store=self._store.get_stats())

    async def drop(self, account_id: str | None, use_case: str | None) -> int:
        """Remove what is kept of an account and a use case, None for any; return how many entries that were."""
        self._near.clear()
        account, name = in_part(account_id, use_case)
        if account is None and name is None:
            return await self._store.clear()

        def is_meant(key: str) -> bool:
            tags = key.split(":")
            return account in (None, tags[0]) and (name is None or tags[1:2] == [name])

        return await self._store.clear(is_meant)

    def matches(self) -> Sequence[CacheMatch]:
        """Return the newest questions that were answered with the answer to a similar one, newest first.

        Texts are left out for accounts whose prompts are not to be kept.
        """
        allowed = self._config.snapshot().content_accounts
        return [
            each if each.account_id in allowed else structs.replace(each, asked=None, answered=None)
            for each in self._near.matches()
        ]

    async def call_wrong(self, match_id: str) -> bool:
        """Serve the answer of a match no more, to either question; return whether there is such a match."""
        key = self._near.call_wrong(match_id)
        if key is not None:
            await self._store.delete(key.name)
        return key is not None

    async def close(self) -> None:
        """End the calls that nobody waits for any more."""
        await self._flights.close()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _wish(self, question: Question) -> _Wish | None:
        ttl = _ttl_of(question)
        key = None if ttl is None else answer_key(question, self._config.snapshot().cache_marks)
        if key is None or ttl is None:
            self._counts["passed"] += 1
            return None
        return _Wish(question, key, ttl)

    async def _answered(self, wish: _Wish, call: AnswerCall) -> AsyncGenerator[AnswerPart, None]:
        while True:
            flight, leads = self._joined(wish, call)
            try:
                async with aclosing(flight.read(call)) as parts:
                    async for part in parts:
                        yield self._announced(part, leads=leads) if isinstance(part, Served) else part
            except HandedOverError:
                self._counts["handed_over"] += 1
                continue
            return

    def _joined(self, wish: _Wish, call: AnswerCall) -> tuple[Flight, bool]:
        """Return the flight that fetches the answer, and whether ``call`` leads it."""
        key = (wish.key.digest, wish.question.streamed)
        flight = self._flights.find(key)
        if flight is not None:
            return flight, False
        return self._flights.begin(key, call, self._fetched(wish, call)), True

    def _announced(self, served: Served, *, leads: bool) -> Served:
        if served.outcome == "hit":
            self._counts["hits"] += 1
        elif not leads:
            self._counts["shared"] += 1
            return structs.replace(served, outcome="shared")
        return served

    async def _fetched(self, wish: _Wish, call: AnswerCall) -> AsyncGenerator[AnswerPart, None]:
        kept, similarity = await self._found(wish)
        if kept is not None:
            yield Served("hit", kept.provider, kept.model, similarity)
            for part in replayed(kept, streamed=wish.question.streamed):
                yield part
            return
        self._counts["misses"] += 1
        asked = wish.question.request
        gathered, first = Gathering(verbatim=isinstance(asked, RelayedRequest) and asked.native.verbatim), True
        async with aclosing(call.parts()) as parts:
            async for part in parts:
                if first:
                    yield call.begun()
                    first = False
                gathered.add(part)
                yield part
        await self._keep(wish, gathered.fit(call.served(), self._clock.utcnow().timestamp()))

    async def _found(self, wish: _Wish) -> tuple[KeptAnswer | None, float | None]:
        """Return what is kept for the question, or for a similar one with how similar that is."""
        kept = await self._opened(wish.key, wish.ttl_s)
        near, least = self._near_question(wish), wish.question.plan.policy.cache_similarity
        if kept is not None or near is None or least is None:
            return kept, None
        match = await self._near.find(near, least)
        if match is None:
            return None, None
        key, text, similarity = match
        similar = await self._opened(key, wish.ttl_s)
        if similar is not None:
            self._counts["similar"] += 1
            self._near.note(wish.question, near.text, text, similarity, key)
        return similar, similarity

    def _near_question(self, wish: _Wish) -> NearQuestion | None:
        if wish.question.plan.policy.cache_similarity is None:
            return None
        return near_question(wish.question, self._config.snapshot().cache_marks)

    async def _opened(self, key: AnswerKey, ttl_s: int) -> KeptAnswer | None:
        sealed = await self._store.get(key.name)
        if sealed is None:
            return None
        try:
            kept = decode_answer(self._seal.open(sealed, key))
        except (BrokenSealError, msgspec.DecodeError):
            self._counts["rejected"] += 1
            await self._store.delete(key.name)
            return None
        return kept if self._clock.utcnow().timestamp() - kept.kept_at < ttl_s else None

    async def _keep(self, wish: _Wish, answer: KeptAnswer | None) -> None:
        plain = b"" if answer is None else encode_answer(answer)
        if not plain or len(plain) > MOST_ENTRY_BYTES:
            self._counts["unfit"] += 1
            return
        self._counts["kept"] += 1
        await self._store.set(wish.key.name, self._seal.close(plain, wish.key), wish.ttl_s * 1000)
        near = self._near_question(wish)
        if near is not None:
            await self._near.add(near, wish.key, wish.ttl_s)


def _ttl_of(question: Question) -> int | None:
    wanted = question.request.cache
    if isinstance(wanted, CachePolicy):
        return wanted.ttl_seconds
    return None if wanted is False else question.plan.policy.cache_ttl_s
