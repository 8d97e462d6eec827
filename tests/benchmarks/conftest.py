"""What other tests have in memory is no part of what is measured here."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def _own_heap() -> Iterator[None]:
    """Leave out of every collection what was there before: benchmarks collect in each round."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
