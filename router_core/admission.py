"""Who gets in: a bound on the requests in flight, with the slot given back exactly once."""

from types import TracebackType

from router_core.clock import Clock
from router_core.errors import ForbiddenError, OverloadedError
from router_core.resilience.concurrency import AdaptiveLimit, ConcurrencyPolicy
from router_core.types import EVERY_ACCOUNT, LLMRequest, Principal

__all__ = ["DEFAULT_IN_FLIGHT", "Admission", "Ticket"]

DEFAULT_IN_FLIGHT = 1_000
LEAST_IN_FLIGHT = 100
LOAD_BACKOFF = 0.9
LOAD_GROWTH = 10.0
SHED_RETRY_AFTER_MS = 1_000


class Ticket:
    """Leave to be in flight, for one account; leaving twice does nothing. Use it as a context manager."""

    __slots__ = ("_admission", "_inside", "account_id")

    def __init__(self, admission: "Admission", account_id: str | None) -> None:
        self._admission = admission
        self._inside = True
        self.account_id = account_id

    def __enter__(self) -> "Ticket":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._inside:
            self._inside = False
            self._admission.load.give_back()


class Admission:
    """Counts requests in flight and sheds what is beyond ``load``'s limit, which never exceeds ``capacity``."""

    __slots__ = ("load",)

    def __init__(self, capacity: int, clock: Clock) -> None:
        least = min(capacity, LEAST_IN_FLIGHT)
        self.load = AdaptiveLimit(
            ConcurrencyPolicy(ceiling=capacity, least=least, backoff=LOAD_BACKOFF, growth=LOAD_GROWTH), clock
        )

    @property
    def in_flight(self) -> int:
        """How many requests are inside."""
        return self.load.in_flight

    def admit(self, request: LLMRequest, principal: Principal) -> Ticket:
        """Return a ticket for the account that pays.

        Raises :class:`ForbiddenError` when the caller may not act for the account it names, and
        :class:`OverloadedError` when the process is full.
        """
        account_id = _paying_account(request, principal)
        if not self.load.take():
            raise OverloadedError("Too many requests in flight", retry_after_ms=SHED_RETRY_AFTER_MS)
        return Ticket(self, account_id)


def _paying_account(request: LLMRequest, principal: Principal) -> str | None:
    named = request.account_id
    if named is None or named in principal.accounts:
        return named or principal.account_id
    if principal.role in EVERY_ACCOUNT:
        return named
    raise ForbiddenError("This account may not be used by the caller")
