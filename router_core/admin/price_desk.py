"""The facade of prices: what calls cost now, before and later, and what the past would cost by today's book."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.clock import Clock, new_ulid
from router_core.cost.price_sheet import (
    MOST_PRICES,
    RATE_NAMES,
    PriceOrder,
    exact_dollars,
    moment_of,
    ordered_rates,
    price_sheet,
    read_sheet,
)
from router_core.cost.rerating import RatedGroup, RatedSum, Rerating
from router_core.errors import OverloadedError, ValidationError
from router_core.ports import ConfigSource, PriceSource, PriceStore, RecordReader
from router_core.security.permissions import require, sees_account
from router_core.types import EVERY_ACCOUNT, Price, PriceBook, PriceTier, Principal

__all__ = ["PriceChanges", "PriceDesk", "PriceDeskParts", "PriceLine", "RatedRow", "ReratingReport"]

MOST_DAYS = 100
RETRY_MS = 5_000
MOST_HISTORY = 1_000


class PriceLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a configured provider costs: the ``price`` in force, None without one, and the next one that is known."""

    provider: str
    model: str
    account_id: str
    price: Price | None
    scheduled: Price | None


class PriceChanges(Struct, frozen=True, kw_only=True):
    """Versions that were ``added``, or would be, and how many of those asked for are in the book already."""

    added: tuple[Price, ...]
    unchanged: int


class RatedRow(Struct, frozen=True, kw_only=True):
    """What one account's requests to one model at one provider cost and would cost."""

    group: RatedGroup
    sums: RatedSum


class ReratingReport(Struct, frozen=True, kw_only=True):
    """Requests that ended within a period, rated again at the prices of their time as they are known now."""

    since: datetime
    until: datetime
    rows: tuple[RatedRow, ...]
    total: RatedSum


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDeskParts:
    """What :class:`PriceDesk` works on; ``refresh`` makes a change felt in this process at once."""

    config: ConfigSource
    prices: PriceSource
    store: PriceStore
    record: RecordReader
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


class PriceDesk:
    """What people see and do about prices. Raises :class:`ForbiddenError` when their role does not allow it.

    Owners and admins see everything, others not what was agreed for accounts that are not theirs.
    """

    __slots__ = ("_parts", "_rating")

    def __init__(self, parts: PriceDeskParts) -> None:
        self._parts = parts
        self._rating = asyncio.Lock()

    async def prices(self, person: Principal) -> Sequence[PriceLine]:
        """Return what each configured provider costs, those without a price first."""
        require(person, "prices.read")
        snapshot, now = self._parts.config.snapshot(), self._parts.clock.utcnow()
        lines = []
        for row in snapshot.providers:
            if not _visible(row.account_id or "", person):
                continue
            found = self._parts.prices.tariff(row.account_id).price(row.model, row.name)
            following = None if found is None else snapshot.prices.following(found, now)
            lines.append(
                PriceLine(
                    provider=row.name, model=row.model, account_id=row.account_id or "", price=found,
                    scheduled=following,
                )
            )  # fmt: skip
        return sorted(lines, key=lambda each: (each.price is not None, each.model, each.provider))

    async def history(self, person: Principal, model: str = "") -> Sequence[Price]:
        """Return versions of prices, the newest beginning first: those of ``model``, or all that somebody set."""
        require(person, "prices.read")
        names = set(self._parts.prices.tariff().names(model)) if model else None
        found = [
            each
            for each in self._parts.config.snapshot().prices.versions
            if _visible(each.account_id, person) and (each.model in names if names else each.kind == "own")
        ]
        found.sort(key=lambda each: (each.starts, each.made_at, each.id), reverse=True)
        return found[:MOST_HISTORY]

    async def sheet(self, person: Principal) -> str:
        """Return the whole book as CSV, a line for each tier of each version."""
        require(person, "prices.read")
        found = [each for each in self._parts.config.snapshot().prices.versions if _visible(each.account_id, person)]
        return price_sheet(
            sorted(found, key=lambda each: (each.kind, each.model, each.account_id, each.provider, each.starts))
        )

    async def set_prices(
        self, orders: Sequence[PriceOrder], person: Principal, *, dry_run: bool = False
    ) -> PriceChanges:
        """Add what ``orders`` ask for, all or nothing, in force in every process within 2 s; leave out what is so.

        With ``dry_run`` nothing is changed. Raises :class:`ValidationError` that names the field.
        """
        require(person, "prices.edit")
        parts = self._parts
        await parts.refresh()
        if not 0 < len(orders) <= MOST_PRICES:
            raise ValidationError(f"between 1 and {MOST_PRICES} prices may be set at once", field="prices")
        asked = [self._price(each, person) for each in orders]
        if len({(each.place, each.starts) for each in asked}) < len(asked):
            raise ValidationError("two `prices` are for one model, place and time", field="prices")
        book = parts.config.snapshot().prices
        added = [each for each, order in zip(asked, orders, strict=True) if not _is_so(book, each, order)]
        changes = PriceChanges(added=tuple(added), unchanged=len(asked) - len(added))
        await parts.store.check_prices(asked)
        if added and not dry_run:
            await parts.trail.require(self._act(book, added, person))
            await parts.store.put_prices(added)
            await parts.refresh()
        return changes

    async def import_sheet(self, text: str, person: Principal, *, dry_run: bool = False) -> PriceChanges:
        """Add what a sheet asks for; see :meth:`set_prices`. Raises :class:`ValidationError` that names the line."""
        require(person, "prices.edit")
        return await self.set_prices(await asyncio.to_thread(read_sheet, text), person, dry_run=dry_run)

    async def rerate(self, person: Principal, since: datetime, until: datetime) -> ReratingReport:
        """Return what requests of the accounts that ``person`` may see would have cost; changes nothing.

        One report at a time: raises :class:`OverloadedError` while another is made, and :class:`ValidationError` for a
        period that ends before it begins or is longer than 100 days.
        """
        require(person, "prices.read")
        if since >= until:
            raise ValidationError("from must be before to", field="from")
        if until - since > timedelta(days=MOST_DAYS):
            raise ValidationError(f"from and to may be {MOST_DAYS} days apart at most", field="from")
        if self._rating.locked():
            raise OverloadedError("Another report is being made", retry_after_ms=RETRY_MS)
        parts = self._parts
        accounts = None if person.role in EVERY_ACCOUNT else person.accounts
        async with self._rating:
            rating = Rerating(parts.prices.tariff())
            async for requests in parts.record.charged(since, until, accounts):
                await asyncio.to_thread(rating.add, requests)
        rows = tuple(RatedRow(group=group, sums=sums) for group, sums in rating.sums.items())
        return ReratingReport(since=since, until=until, rows=rows, total=_total([each.sums for each in rows]))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _price(self, order: PriceOrder, person: Principal) -> Price:
        now = self._parts.clock.utcnow()
        starts = now if order.starts is None else moment_of(order.starts)
        if starts is None:
            raise ValidationError("`starts` must be a date or time in ISO 8601", field="starts")
        return Price(
            id=new_ulid(self._parts.clock), kind="own", model=order.model, provider=order.provider,
            account_id=order.account_id, starts=starts, source=order.source or f"set by {person.name}",
            tiers=tuple(PriceTier(each.above, ordered_rates(each)) for each in order.tiers), made_at=now,
            made_by=person.name,
        )  # fmt: skip

    def _act(self, book: PriceBook, added: Sequence[Price], person: Principal) -> Any:
        clock = self._parts.clock
        before = {_named(each): _told(book.own(each.place, each.starts)) for each in added}
        after = {_named(each): _told(each) for each in added}
        target = _named(added[0]) if len(added) == 1 else f"{len(added)} prices"
        accounts = {each.account_id for each in added}
        account = accounts.pop() if len(accounts) == 1 else None
        return act_of(person, "prices.set", target, clock, before=before, after=after, account_id=account or None)


def _visible(account_id: str, person: Principal) -> bool:
    return sees_account(person, account_id or None)


def _is_so(book: PriceBook, price: Price, order: PriceOrder) -> bool:
    """Say whether ``price`` holds already at its place when it is to begin, from just then where a time was named."""
    held = book.own(price.place, price.starts)
    if held is None:
        return not price.tiers
    return held.tiers == price.tiers and (order.starts is None or held.starts == price.starts)


def _named(price: Price) -> str:
    place = price.model + (f" at {price.provider}" if price.provider else "")
    return place + (f" for {price.account_id}" if price.account_id else "")


def _told(price: Price | None) -> str:
    """Return a price in words, in dollars for a million tokens."""
    if price is None:
        return "no price of its own"
    if not price.tiers:
        return f"withdrawn from {price.starts.isoformat()}"
    tiers = "; ".join(
        f"above {each.above} tokens: "
        + ", ".join(f"{name} {exact_dollars(getattr(each.rates, name))}" for name in RATE_NAMES)
        for each in price.tiers
    )
    return f"from {price.starts.isoformat()}: {tiers}"


def _total(sums: Sequence[RatedSum]) -> RatedSum:
    names = RatedSum.__struct_fields__
    return RatedSum(**{name: sum(getattr(each, name) for each in sums) for name in names})
