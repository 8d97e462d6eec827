"""Alerts of before the kinds are kept, under the name that the same alert would get now."""

from sqlalchemy import Engine, text

from db.engine import reading, writing
from db.hop import StoreHop
from db.migrate import downgrade, upgrade
from db.stores import SqlAlertReader
from router_core.types import Alert
from tests.support.alert_worlds import sql_alerts
from tests.support.fake_clock import START

OLD = (
    "INSERT INTO budget_alerts (budget, period, threshold, amount, spent, at) "
    "VALUES ('account:acme:daily', '2026-03-01', :threshold, 1000, 900, 1772366400000000)"
)
COLUMNS = "SELECT budget, period, threshold, amount, spent, at FROM budget_alerts ORDER BY threshold"


async def test_old_alerts_are_brought_over_and_back(store_engine: Engine) -> None:
    downgrade(store_engine, "0004")
    with writing(store_engine).begin() as connection:
        connection.execute(text(OLD), [{"threshold": 50}, {"threshold": 90}])
    with reading(store_engine).connect() as connection:
        before = connection.execute(text(COLUMNS)).all()
    upgrade(store_engine)
    hop = StoreHop(store_engine)
    found = await SqlAlertReader(hop).newest(10)
    expected = [
        Alert(
            kind="threshold", subject="account:acme:daily", period="2026-03-01", threshold=threshold, limit=1_000,
            spent=900, at=START,
        )
        for threshold in (90, 50)
    ]  # fmt: skip
    assert found == expected
    # What was raised before is not raised again.
    assert await sql_alerts(hop).raise_alerts(expected) == []
    downgrade(store_engine, "0004")
    with reading(store_engine).connect() as connection:
        assert connection.execute(text(COLUMNS)).all() == before
    hop.close()
