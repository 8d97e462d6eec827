"""Every store port, in memory and on both databases: one suite for all three."""

from collections.abc import Iterator

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from tests.support.store_kinds import Stores, memory_stores, sql_stores


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """All stores of one kind, empty but for the standard configuration."""
    if request.param == "memory":
        yield memory_stores()
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    yield sql_stores(hop)
    hop.close()
