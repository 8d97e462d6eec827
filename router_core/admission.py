"""Who gets in: a bound on the requests in flight, with the slot given back exactly once."""

from types import TracebackType

from router_core.errors import ForbiddenError, OverloadedError
from router_core.types import LLMRequest, Principal

__all__ = ["DEFAULT_IN_FLIGHT", "Admission", "Ticket"]

DEFAULT_IN_FLIGHT = 1_000
SHED_RETRY_AFTER_MS = 1_000
ACTS_FOR_ANY_ACCOUNT = frozenset({"owner", "admin"})


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
            self._admission.in_flight -= 1


class Admission:
    """Counts requests in flight and sheds what is beyond ``capacity``."""

    __slots__ = ("capacity", "in_flight")

    def __init__(self, capacity: int = DEFAULT_IN_FLIGHT) -> None:
        self.capacity = capacity
        self.in_flight = 0

    def admit(self, request: LLMRequest, principal: Principal) -> Ticket:
        """Return a ticket for the account that pays.

        Raises :class:`ForbiddenError` when the caller may not act for the account it names, and
        :class:`OverloadedError` when the process is full.
        """
        account_id = _paying_account(request, principal)
        if self.in_flight >= self.capacity:
            raise OverloadedError("Too many requests in flight", retry_after_ms=SHED_RETRY_AFTER_MS)
        self.in_flight += 1
        return Ticket(self, account_id)


def _paying_account(request: LLMRequest, principal: Principal) -> str | None:
    named = request.account_id
    if named is None or named in principal.accounts:
        return named or principal.account_id
    if principal.role in ACTS_FOR_ANY_ACCOUNT:
        return named
    raise ForbiddenError("This account may not be used by the caller")
