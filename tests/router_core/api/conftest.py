"""A running interface for each test, and a client without environment."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.api_server import ApiRig, api_rig


@pytest.fixture(scope="module")
def _shared_rig() -> Iterator[ApiRig]:
    with api_rig() as made:
        yield made


@pytest.fixture
def rig(_shared_rig: ApiRig) -> ApiRig:
    """Return the module's server with its script reset."""
    _shared_rig.router.__init__()  # type: ignore[misc]
    _shared_rig.board.rows = []
    _shared_rig.answers.forget()
    _shared_rig.state["ready"] = True
    return _shared_rig


@pytest.fixture
def http(rig: ApiRig) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=rig.url, trust_env=False) as client:
        yield client
