"""Calls under way that several requests share: the first to ask leads, the others follow, each at its own pace.

A flight is a task of its own: it goes on when its leader's client leaves, for whoever follows, and ends when nobody is
left. What it brought so far is kept once, whatever the number of followers, until the last of them has read it: one
answer, which is as long as a provider's answer may be. It runs no further ahead of the first of its readers than a
quarter of a megabyte: when nobody reads, the provider waits.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from typing import Final

from router_core.errors import LLMError, OverloadedError, PaymentRequiredError
from router_core.ports import AnswerCall
from router_core.types import (
    AnswerEnd,
    AnswerPart,
    NativeEvents,
    ProviderAnswer,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)

__all__ = ["Flight", "Flights", "HandedOverError"]

MOST_AHEAD_BYTES: Final = 256 * 1024
_RETRY_MS = 1_000
# What a part takes beside its text.
_PART_BYTES: Final = 200


class HandedOverError(Exception):
    """What ended the flight concerned its leader alone, and came before any part: one of the others leads the next."""


class Flight:
    """One call; ``error`` is what ended it, None while it is under way and for an answer."""

    __slots__ = (
        "_call", "_done", "_front", "_on_end", "_pace", "_reach", "_riders", "_task", "_unlist", "_waiting", "answered",
        "error", "parts",
    )  # fmt: skip

    def __init__(self, call: AnswerCall, unlist: Callable[["Flight"], None]) -> None:
        self._call = call
        self._unlist = unlist
        self._done = False
        self._riders = 0
        # How many parts the first of the readers has behind it, and how many bytes there are up to each part.
        self._front = 0
        self._reach = [0]
        self._pace: asyncio.Future[None] | None = None
        self._on_end: Callable[[], None] | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self.parts: list[AnswerPart] = []
        self.answered = False
        self.error: BaseException | None = None

    def begin(self, source: AsyncGenerator[AnswerPart, None]) -> None:
        """Let ``source`` run."""
        self._task = asyncio.create_task(self._run(source))

    async def read(self, call: AnswerCall) -> AsyncGenerator[AnswerPart, None]:
        """Yield every part from the first, then those to come, up to the end of the answer.

        Raises what ended the flight, and :class:`HandedOverError` instead where another had better lead.
        """
        self._riders += 1
        place = 0
        try:
            while True:
                while place >= len(self.parts):
                    if self._done:
                        raise self._reason(call, place)
                    await self._news(call)
                part = self.parts[place]
                place += 1
                yield part
                self._advance(place)
                if isinstance(part, AnswerEnd | ProviderAnswer):
                    return
        finally:
            self._riders -= 1
            await self._leave(call)

    async def cancel(self) -> None:
        """End the flight; nobody joins it any more."""
        self._unlist(self)
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _run(self, source: AsyncGenerator[AnswerPart, None]) -> None:
        try:
            async with aclosing(source) as parts:
                async for part in parts:
                    self.parts.append(part)
                    self.answered = self.answered or isinstance(part, AnswerEnd | ProviderAnswer)
                    self._reach.append(self._reach[-1] + _weight(part))
                    self._wake()
                    await self._paced()
        except asyncio.CancelledError:
            self.error = OverloadedError("The server is stopping", retry_after_ms=_RETRY_MS)
            raise
        except LLMError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where somebody waits
            self.error = error
        finally:
            self._done = True
            self._unlist(self)
            self._wake()
            if self._on_end is not None:
                self._on_end()

    async def _paced(self) -> None:
        """Wait while what has come is far ahead of everybody who reads it."""
        while self._is_far_ahead() and not self.answered:
            self._pace = asyncio.get_running_loop().create_future()
            await self._pace

    def _is_far_ahead(self) -> bool:
        return self._reach[-1] - self._reach[self._front] > MOST_AHEAD_BYTES

    def _advance(self, place: int) -> None:
        self._front = max(self._front, place)
        if self._pace is not None and not self._pace.done() and not self._is_far_ahead():
            self._pace.set_result(None)

    async def _news(self, call: AnswerCall) -> None:
        """Wait for the next part or the end; raise the flight's end for a follower whose time is up before it."""
        news = asyncio.get_running_loop().create_future()
        self._waiting.append(news)
        if call is self._call:
            await news
            return
        try:
            async with asyncio.timeout(call.patience()):
                await news
        except TimeoutError:
            raise call.too_late() from None

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _reason(self, call: AnswerCall, place: int) -> BaseException:
        error = self.error or OverloadedError("The answer broke off", retry_after_ms=_RETRY_MS)
        if call is self._call:
            return error
        if place == 0 and self._concerns_leader_alone(error):
            return HandedOverError()
        # The same error reaches many: each raises it from its own place.
        return error.with_traceback(None)

    def _concerns_leader_alone(self, error: BaseException) -> bool:
        return isinstance(error, PaymentRequiredError) or self._call.patience() <= 0

    async def _leave(self, call: AnswerCall) -> None:
        """See to it that a call which nobody waits for ends, and that one which goes on is recorded when it ends."""
        if self._done or self.answered:
            return
        if not self._riders:
            await self.cancel()
        elif call is self._call:
            self._on_end = call.outlives()


def _weight(part: AnswerPart) -> int:
    """Return about how many bytes ``part`` takes."""
    if isinstance(part, TextDelta | ReasoningDelta):
        return _PART_BYTES + len(part.text)
    if isinstance(part, ToolCallDelta):
        return _PART_BYTES + len(part.json_text)
    return _PART_BYTES + (sum(map(len, part.payloads)) if isinstance(part, NativeEvents) else 0)


class Flights:
    """The flights of this process, by what they fetch."""

    __slots__ = ("_under_way",)

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Flight] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def find(self, key: Hashable) -> Flight | None:
        """Return the flight for ``key``, None when there is none."""
        return self._under_way.get(key)

    def begin(self, key: Hashable, call: AnswerCall, source: AsyncGenerator[AnswerPart, None]) -> Flight:
        """Return a new flight that ``call`` leads, which brings what ``source`` yields."""

        def unlist(flight: Flight) -> None:
            if self._under_way.get(key) is flight:
                del self._under_way[key]

        flight = self._under_way[key] = Flight(call, unlist)
        flight.begin(source)
        return flight

    async def close(self) -> None:
        """End all flights."""
        for flight in list(self._under_way.values()):
            await flight.cancel()
