"""The price book on SQL: part of the configuration, loaded with every revision."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from msgspec import json
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import Account, ConfigState, LlmProvider
from db.price_models import PriceRow
from db.stores.lookups import require_known
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.cost.listing import additions, is_newer
from router_core.cost.price_checks import checked_price
from router_core.ports.keeping import refuse
from router_core.types import Price, PriceBook, PriceKind, PriceTier

__all__ = ["SqlPriceStore", "load_prices"]

_read_tiers = json.Decoder(tuple[PriceTier, ...]).decode


class SqlPriceStore:
    """Keeps versions of prices; a :class:`PriceStore`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def put_prices(self, prices: Sequence[Price]) -> int:
        """Add versions, all or none; return the new revision. Raises :class:`ValidationError`."""
        kept, now = [checked_price(each) for each in prices], self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            _require_targets(session, kept)
            session.add_all([_row(each) for each in kept])
            return revision

        return await self._hop.write(work)

    async def check_prices(self, prices: Sequence[Price]) -> None:
        """Change nothing; raise what :meth:`put_prices` would raise."""
        kept = [checked_price(each) for each in prices]
        await self._hop.read(lambda session: _require_targets(session, kept))

    async def list_prices(self, listed: Sequence[Price], release: str) -> int:
        """Bring the book up to the catalogue's ``release``, unless it has seen that or a newer one.

        Returns how many versions were added.
        """
        if not is_newer(release, await self._hop.read(_release)):
            return 0
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: _list(session, listed, release, now))


def load_prices(session: Session) -> PriceBook:
    """Return every version of every price."""
    return PriceBook(_price(row) for row in session.scalars(select(PriceRow).order_by(PriceRow.id)))


def _release(session: Session) -> str:
    return session.scalars(select(ConfigState.price_release)).one()


def _list(session: Session, listed: Sequence[Price], release: str, now: datetime) -> int:
    # The revision first: of two processes that begin together the second one finds what the first one did.
    next_revision(session, now)
    if not is_newer(release, _release(session)):
        return 0
    session.execute(update(ConfigState).values(price_release=release))
    added = additions(load_prices(session), [checked_price(each) for each in listed], now)
    session.add_all([_row(each) for each in added])
    return len(added)


def _require_targets(session: Session, prices: Sequence[Price]) -> None:
    accounts = {each.account_id for each in prices} - {""}
    providers = {each.provider for each in prices} - {""}
    require_known(session, Account.id, accounts, field="account_id")
    require_known(session, LlmProvider.name, providers, field="provider")
    ids = [each.id for each in prices]
    taken = session.scalars(select(PriceRow.id).where(PriceRow.id.in_(ids))).first() is not None
    refuse(taken or len(set(ids)) < len(ids), "id", "is already taken")


def _row(price: Price) -> PriceRow:
    return PriceRow(
        id=price.id,
        kind=price.kind,
        model=price.model,
        provider=price.provider,
        account_id=price.account_id,
        starts=price.starts,
        tiers=json.encode(price.tiers).decode(),
        source=price.source,
        made_by=price.made_by,
        made_at=price.made_at,
    )


def _price(row: PriceRow) -> Price:
    return Price(
        id=row.id,
        kind=cast("PriceKind", row.kind),
        model=row.model,
        provider=row.provider,
        account_id=row.account_id,
        starts=row.starts,
        tiers=_read_tiers(row.tiers),
        source=row.source,
        made_by=row.made_by,
        made_at=row.made_at,
    )
