"""A running interface for all tests of a module, with its script reset before each."""

from collections.abc import Iterator

import pytest

from tests.support.api_server import ApiRig, api_rig


@pytest.fixture(scope="module")
def _shared_rig() -> Iterator[ApiRig]:
    with api_rig() as made:
        yield made


@pytest.fixture
def rig(_shared_rig: ApiRig) -> ApiRig:
    _shared_rig.router.__init__()  # type: ignore[misc]
    _shared_rig.board.rows = []
    return _shared_rig
