"""``signalbox prices``: what the configured models cost, and which have no price."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from router_core.budgets.refusals import dollars
from signalbox.commands.output import print_json
from signalbox.commands.store_desk import StoreDesk, at_desk, print_rows
from signalbox.prices import load_prices

__all__ = ["list_prices"]

_CLASSES = ("input", "output", "cache_read", "cache_write", "cache_write_1h")


def list_prices(data_dir: Path | None, *, as_json: bool) -> None:
    """Print the prices of every configured model, in dollars for a million tokens."""

    async def work(desk: StoreDesk) -> Sequence[dict[str, Any]]:
        prices = load_prices(desk.clock.utcnow())
        models = sorted({each.model for each in desk.store.config.snapshot().providers})
        rows = []
        for model in models:
            found = prices.price(model)
            amounts = {name: None if found is None else getattr(found, name) for name in _CLASSES}
            rows.append({"model": model, **amounts, "source": "unpriced" if found is None else found.source})
        return rows

    rows = at_desk(data_dir, work)
    if as_json:
        print_json(rows)
    else:
        print_rows([{name: _shown(value) for name, value in row.items()} for row in rows], as_json=False)


def _shown(value: Any) -> Any:
    return dollars(value) if isinstance(value, int) else value
