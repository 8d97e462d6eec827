"""One call to a provider from its permit to its outcome: whatever happens, everything taken is given back once."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import NamedTuple

from router_core.attempts.payment import HeldCall, Paid
from router_core.attempts.trail import CANCELLED, Trail
from router_core.clock import Clock
from router_core.errors import (
    ContentRefusedError,
    InternalError,
    LLMError,
    ProviderError,
    TimeoutError,
    UnusableAnswerError,
)
from router_core.ports import ProviderAdapter
from router_core.rate_limiting.allowance import ProviderShare
from router_core.resilience.circuit_breaker import Permit
from router_core.resilience.upstream import Upstream
from router_core.types import (
    AnswerEnd,
    Attempt,
    CallReason,
    Candidate,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderPart,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsableKey,
    Usage,
)

__all__ = ["Acquired", "OpenCall"]

BROKEN = InternalError.code
BYTES_PER_TOKEN = 4
REFUSED = "The provider refused the content"
OUR_WAITS = frozenset({"first_token", "idle", "total", "rate"})


class Acquired(NamedTuple):
    """What a call needs and gives back once: a place at the upstream of its key, the breaker's permit, the money, and
    its share of the provider's own limits.
    """

    upstream: Upstream
    provider: ProviderConfig
    key: UsableKey
    permit: Permit
    held: HeldCall
    share: ProviderShare

    def give_back(self) -> None:
        """The call was not made."""
        self.share.release()
        self.held.release()
        self.permit.ignore()
        self.upstream.give_back(self.provider)


class OpenCall:
    """Use it as a context manager around the call; it judges what ends the block and lets it pass.

    ``texts`` is the text that came so far, ``used_tools`` whether a tool call began, ``order`` what the provider is
    asked. ``first_token`` is the clock reading of the first part, None before it.
    """

    __slots__ = (
        "_clock",
        "_done",
        "_held",
        "_number",
        "_parts",
        "_permit",
        "_share",
        "_started",
        "_trail",
        "_written",
        "adapter",
        "candidate",
        "first_token",
        "order",
        "reason",
        "texts",
        "upstream",
        "used_tools",
    )  # fmt: skip

    def __init__(
        self,
        trail: Trail,
        number: int,
        acquired: Acquired,
        order: ProviderCall,
        adapter: ProviderAdapter,
        clock: Clock,
    ) -> None:
        self._trail = trail
        self._held = acquired.held
        self._share = acquired.share
        self._permit = acquired.permit
        self._clock = clock
        self._started = clock.now()
        self._number = number
        self._written = 0
        self._done = False
        self.reason: CallReason = trail.reason
        self.upstream = acquired.upstream
        self.candidate: Candidate = trail.candidate
        self.order = order
        self.adapter = adapter
        self.first_token: float | None = None
        self.texts: list[str] = []
        self.used_tools = False
        self._parts: AsyncGenerator[ProviderPart, None] | None = None

    def __enter__(self) -> "OpenCall":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._done:
            return
        if isinstance(error, ProviderError):
            self.failed(error)
        elif isinstance(error, Exception):
            self._failed(BROKEN, self._read())
        else:
            self.abandoned()

    def parts(self) -> AsyncGenerator[ProviderPart, None]:
        """Return the stream: the one that was begun already, or a new one."""
        return self._parts if self._parts is not None else self.adapter.stream(self.order)

    def continue_with(self, parts: AsyncGenerator[ProviderPart, None]) -> None:
        """The stream was begun elsewhere; ``parts`` is all of it."""
        self._parts = parts

    def observe(self, part: ProviderPart) -> None:
        """A part of a stream arrived."""
        if self.first_token is None:
            self.first_token = self._clock.now()
            self.upstream.first_tokens.note(self.first_token - self._started, self.first_token)
            self._trail.served_by = self.candidate
        match part:
            case TextDelta():
                self.texts.append(part.text)
            case ReasoningDelta():
                self._written += len(part.text)
            case ToolCallStart():
                self.used_tools = True
            case ToolCallDelta():
                self._written += len(part.json_text)
            case ToolCallEnd():
                self.used_tools = True
            case AnswerEnd():
                self.succeeded(part)

    def succeeded(self, end: ProviderAnswer | AnswerEnd) -> None:
        """The whole answer arrived."""
        if not self._done:
            self._trail.served_by = self.candidate
            self.upstream.note_answer(end.headroom)
            begun = self._clock.now() if self.first_token is None else self.first_token
            self._permit.success(begun - self._started)
            self._close("success", end.usage, self._held.settle(end.usage, end.model, end.tier))

    def failed(self, error: ProviderError) -> None:
        """The provider failed."""
        if not self._done:
            self.upstream.note_error(error)
            if error.counts:
                self._permit.failure()
            # A provider that kept us waiting, or broke off, did some work until then; one that refused did none.
            worked = self.first_token is not None or (isinstance(error, TimeoutError) and error.waited_for in OUR_WAITS)
            told = error.usage if isinstance(error, UnusableAnswerError) else None
            self._failed(error.code, told or (self._read() if worked else None), error)

    def refused(self, usage: Usage) -> ContentRefusedError:
        """The answer is a refusal; return the error that says so. It was paid for all the same."""
        error = ContentRefusedError(REFUSED, provider=self.candidate.provider.name)
        if not self._done:
            self._failed(error.code, usage, error)
        return error

    def abandoned(self) -> None:
        """The call was given up; that says nothing about the provider."""
        if not self._done:
            self._failed(CANCELLED, self._read())

    def _read(self) -> Usage:
        """Return what the provider is taken to have read and written so far."""
        written = self._written + sum(len(text) if text.isascii() else len(text.encode()) for text in self.texts)
        return Usage(
            input_tokens=self._trail.plan.estimated_input_tokens,
            output_tokens=-(-written // BYTES_PER_TOKEN),
            estimated=True,
        )

    def _failed(self, outcome: str, usage: Usage | None, error: LLMError | None = None) -> None:
        """There is no answer, but ``usage`` is what it took."""
        if self.first_token is None and self._trail.facts.streamed:
            now = self._clock.now()
            self.upstream.first_tokens.note_in_vain(now - self._started, now)
        self._close(outcome, usage, self._held.settle(usage, ""), error)

    def _close(self, outcome: str, usage: Usage | None, paid: Paid, error: LLMError | None = None) -> None:
        self._done = True
        self._permit.ignore()
        self._share.settle(usage)
        provider = self.candidate.provider
        self.upstream.give_back(provider)
        first = self.first_token
        self._trail.log.append(
            Attempt(
                number=self._number,
                provider=provider.name,
                model=provider.model,
                outcome=outcome,
                latency_ms=_millis(self._clock.now() - self._started),
                started_ms=_millis(self._started - self._trail.deadline.started),
                first_token_ms=None if first is None else _millis(first - self._started),
                status=getattr(error, "upstream_status", None),
                error=None if error is None else error.message,
                reason=self.reason,
                waited_for=getattr(error, "waited_for", None),
                usage=usage,
                cost_nano=paid.cost,
                price=paid.price,
                step=self._trail.facts.step,
            )
        )


def _millis(seconds: float) -> float:
    return round(seconds * 1000, 3)
