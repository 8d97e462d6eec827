"""The facade of top-ups: who asks for more money for how long, who decides, and what runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.budgets.periods import period_at
from router_core.clock import Clock, new_ulid
from router_core.errors import ForbiddenError, NotFoundError, ValidationError, sanitize_message
from router_core.ports import BudgetSettings, ConfigSource, TopUpStore
from router_core.ports.keeping import refuse, refuse_topup
from router_core.security.permissions import require
from router_core.types import (
    EVERY_ACCOUNT,
    Budget,
    BudgetPeriod,
    BudgetScope,
    OperatorAction,
    Principal,
    TopUp,
    TopUpState,
    read_dollars,
)

__all__ = ["TopUpApproval", "TopUpOrder", "TopUpParts", "TopUpView", "TopUps"]

LONGEST = timedelta(days=366)
MOST_LISTED = 200
# So many requests may wait for one scope and target: more is nothing that anybody reads.
MOST_WAITING = 20
# And so many of one person, who then cannot keep others from asking.
MOST_OWN = 5
MOST_TEXT = 200
TopUpWord = Literal["waiting", "running", "over", "denied", "withdrawn", "ended"]


class TopUpOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A request for ``amount`` dollars, as exact decimal text, on top of a budget.

    Without a ``target`` it is the caller's own account or key. Without ``until`` it ends with the running period.
    """

    amount: str
    reason: str
    scope: BudgetScope = "account"
    target: str = ""
    period: BudgetPeriod = "daily"
    until: datetime | None = None


class TopUpApproval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A yes; ``amount`` and ``until`` where they are other than what was asked for."""

    amount: str | None = None
    until: datetime | None = None
    note: str = ""


class TopUpView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A top-up and how it stands; ``own`` says whether the viewer asked for it, and may withdraw it."""

    top_up: TopUp
    word: TopUpWord
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpParts:
    """What :class:`TopUps` works on; ``refresh`` makes a change felt in this process at once."""

    config: ConfigSource
    settings: BudgetSettings
    topups: TopUpStore
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


class TopUps:
    """What people do about more money. Raises :class:`ForbiddenError` when their role or account does not allow it.

    A decision is taken once: who comes second gets a :class:`ValidationError` about ``state``.
    """

    __slots__ = ("_parts", "_turn")

    def __init__(self, parts: TopUpParts) -> None:
        self._parts = parts
        self._turn = asyncio.Lock()

    async def list(self, person: Principal) -> Sequence[TopUpView]:
        """Return the top-ups that ``person`` may see: those that wait first, then those that run, newest first."""
        require(person, "topups.read")
        now = self._parts.clock.utcnow()
        found = await self._parts.topups.recent(_places(person), MOST_LISTED)
        return [TopUpView(top_up=each, word=_word(each, now), own=_asked(each, person)) for each in found]

    async def ask(self, order: TopUpOrder, person: Principal) -> TopUp:
        """Ask for more money; nothing changes until somebody approves.

        Raises :class:`ValidationError` that names the field: among others for a budget without a limit.
        """
        require(person, "topups.ask")
        order = structs.replace(order, target=order.target or _own_target(order.scope, person))
        _require_place(order.scope, order.target, person)
        clock, now = self._parts.clock, self._parts.clock.utcnow()
        budget = await self._limited(order.scope, order.target, order.period)
        topup = TopUp(
            id=new_ulid(clock), scope=order.scope, target=order.target, period=order.period,
            amount=read_dollars(order.amount, "amount"), reason=_said(order.reason, "reason", required=True),
            ends_at=_end(order.until or period_at(order.period, budget.timezone, now).end, now), asked_at=now,
            asked_by=person.name, asked_by_id=person.id,
        )  # fmt: skip
        refuse_topup(topup)
        waiting = await self._parts.topups.recent([(order.scope, order.target)], MOST_WAITING)
        pending = [each for each in waiting if each.state == "pending"]
        refuse(len(pending) >= MOST_WAITING, "target", f"has {MOST_WAITING} requests that wait already")
        own = sum(each.asked_by_id == person.id for each in pending)
        refuse(own >= MOST_OWN, "target", f"has {MOST_OWN} requests of yours that wait already")
        await self._parts.trail.require(self._act(person, "topup.asked", topup))
        await self._parts.topups.add(topup)
        return topup

    async def approve(self, topup_id: str, approval: TopUpApproval, person: Principal) -> TopUp:
        """Let a request run, in force in every process within 2 s; return it."""
        require(person, "topups.decide")

        async def approved(topup: TopUp, now: datetime) -> TopUp:
            await self._limited(topup.scope, topup.target, topup.period)
            amount = topup.amount if approval.amount is None else read_dollars(approval.amount, "amount")
            changed = structs.replace(
                topup, state="approved", amount=amount, ends_at=_end(approval.until or topup.ends_at, now),
                decided_at=now, decided_by=person.name, note=_said(approval.note, "note"),
            )  # fmt: skip
            refuse_topup(changed)
            return changed

        return await self._change(topup_id, "pending", "topup.approved", approved, person)

    async def deny(self, topup_id: str, note: str, person: Principal) -> TopUp:
        """Turn a request down, saying why."""
        require(person, "topups.decide")
        said = _said(note, "note", required=True)

        async def denied(topup: TopUp, now: datetime) -> TopUp:
            return structs.replace(topup, state="denied", decided_at=now, decided_by=person.name, note=said)

        return await self._change(topup_id, "pending", "topup.denied", denied, person)

    async def withdraw(self, topup_id: str, person: Principal) -> TopUp:
        """Take back one's own request."""
        require(person, "topups.ask")

        async def withdrawn(topup: TopUp, now: datetime) -> TopUp:
            if not _asked(topup, person):
                raise ForbiddenError("Only who asked may withdraw a request")
            return structs.replace(topup, state="withdrawn", decided_at=now, decided_by=person.name)

        return await self._change(topup_id, "pending", "topup.withdrawn", withdrawn, person)

    async def end(self, topup_id: str, person: Principal) -> TopUp:
        """End a top-up that runs before its time: every process gives back what it has above the limit within 2 s."""
        require(person, "topups.decide")

        async def ended(topup: TopUp, now: datetime) -> TopUp:
            refuse(not topup.runs_at(now), "state", "is over already")
            return structs.replace(topup, state="ended", ends_at=now, ended_by=person.name)

        return await self._change(topup_id, "approved", "topup.ended", ended, person)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _change(
        self,
        topup_id: str,
        was: TopUpState,
        verb: str,
        change: Callable[[TopUp, datetime], Awaitable[TopUp]],
        person: Principal,
    ) -> TopUp:
        """Take the one decision that is possible in the state ``was``: checked, on record, then done."""
        parts = self._parts
        async with self._turn:
            found = await parts.topups.one(topup_id)
            if found is None or not _may_see(found, person):
                raise NotFoundError("There is no such top-up")
            refuse(found.state != was, "state", f"is {found.state} by now: somebody else has decided")
            changed = await change(found, parts.clock.utcnow())
            await parts.trail.require(self._act(person, verb, changed, before=found))
            try:
                await parts.topups.change(changed, was)
            except ValidationError:
                # Another process decided between our look and our act, which is on record and did not happen.
                await parts.trail.report(self._act(person, f"{verb}_in_vain", found))
                raise
        await parts.refresh()
        return changed

    async def _limited(self, scope: BudgetScope, target: str, period: BudgetPeriod) -> Budget:
        """Return a budget of that pot that has a limit. Raises :class:`ValidationError` when there is none."""
        await self._parts.settings.check_budget(Budget(id="", scope=scope, target=target, period=period, limit=None))
        book = self._parts.config.snapshot().budgets
        there = book.of_account(target) if scope == "account" else book.of(scope, target)
        found = next((each for each in there if each.period == period and each.limit is not None), None)
        if found is None:
            raise ValidationError(f"There is no {period} limit here that could be topped up", field="period")
        return found

    def _act(self, person: Principal, verb: str, topup: TopUp, before: TopUp | None = None) -> OperatorAction:
        """Return the act that makes ``topup`` what it is, and of which there was ``before``."""
        return act_of(
            person, verb, topup.pot, self._parts.clock, detail={"topUp": topup.id},
            before=None if before is None else _told(before), after=_told(topup),
            account_id=topup.target if topup.scope == "account" else None,
        )  # fmt: skip


def _places(person: Principal) -> Sequence[tuple[BudgetScope, str]] | None:
    """Return the scopes and targets that ``person`` may ask for and see, None for all."""
    if person.role in EVERY_ACCOUNT:
        return None
    own: list[tuple[BudgetScope, str]] = [("account", each) for each in person.accounts]
    return [*own, ("key", person.id)] if person.kind == "key" else own


def _may_see(topup: TopUp, person: Principal) -> bool:
    places = _places(person)
    return places is None or (topup.scope, topup.target) in places


def _require_place(scope: BudgetScope, target: str, person: Principal) -> None:
    places = _places(person)
    if places is not None and (scope, target) not in places:
        raise ForbiddenError("The caller may not ask for this budget")


def _own_target(scope: BudgetScope, person: Principal) -> str:
    if scope == "account":
        return person.account_id or ""
    return person.id if scope == "key" and person.kind == "key" else ""


def _asked(topup: TopUp, person: Principal) -> bool:
    return topup.asked_by_id == person.id


def _word(topup: TopUp, now: datetime) -> TopUpWord:
    match topup.state:
        case "pending":
            return "waiting"
        case "approved":
            return "running" if topup.runs_at(now) else "over"
        case closed:
            return closed


def _end(until: datetime, now: datetime) -> datetime:
    """Return ``until`` if it is a moment that a top-up may end at."""
    refuse(until.tzinfo is None, "until", "must say its time zone")
    refuse(until <= now, "until", "must lie in the future")
    refuse(until > now + LONGEST, "until", f"must be within {LONGEST.days} days")
    return until


def _said(text: str, field: str, *, required: bool = False) -> str:
    """Return ``text`` without blanks around it and without secrets. Raises :class:`ValidationError`."""
    said = text.strip()
    refuse(required and not said, field, "must say why")
    refuse(
        len(said) > MOST_TEXT or not said.isprintable(), field, f"must be one line of at most {MOST_TEXT} characters"
    )
    return sanitize_message(said)


def _told(topup: TopUp) -> dict[str, Any]:
    return {
        "state": topup.state, "amount": topup.amount, "endsAt": topup.ends_at.isoformat(), "reason": topup.reason,
        "note": topup.note,
    }  # fmt: skip
