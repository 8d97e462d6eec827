"""Spending by the hour, out of the usage that the recorder adds up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from db.hop import StoreHop
from db.record_models import UsageHour
from router_core.ports import SpendBy, SpendHour

__all__ = ["SqlSpendReader"]

_NAMES: Final[Mapping[SpendBy, InstrumentedAttribute[str]]] = {
    "account": UsageHour.account_id,
    "key": UsageHour.api_key,
    "use_case": UsageHour.use_case,
    "provider": UsageHour.provider,
    "model": UsageHour.model,
}
_TOKENS: Final[Any] = (
    UsageHour.input_tokens + UsageHour.cache_read_tokens + UsageHour.cache_write_tokens
    + UsageHour.cache_write_1h_tokens + UsageHour.output_tokens + UsageHour.reasoning_tokens
)  # fmt: skip


class SqlSpendReader:
    """Reads usage hours; a :class:`SpendReader`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def hourly(
        self, by: SpendBy, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[SpendHour]:
        """Return each hour that begins in the range, of ``accounts`` or of everybody, oldest first."""
        name = _NAMES[by]
        query = (
            select(
                UsageHour.hour,
                name,
                func.sum(UsageHour.requests),
                func.sum(_TOKENS),
                func.sum(UsageHour.cost),
                func.sum(UsageHour.unpriced),
            )
            .where(UsageHour.hour >= since, UsageHour.hour < until)
            .group_by(UsageHour.hour, name)
            .order_by(UsageHour.hour, name)
        )
        if accounts is not None:
            query = query.where(UsageHour.account_id.in_(list(accounts)))
        rows = await self._hop.read(lambda session: session.execute(query).all())
        return [
            SpendHour(
                hour=hour, name=each, requests=int(requests), tokens=int(tokens), cost=int(cost), unpriced=int(unpriced)
            )
            for hour, each, requests, tokens, cost, unpriced in rows
        ]
