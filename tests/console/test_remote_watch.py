"""What open pages say of an API that is lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from console.remote.link import Outage
from router_core.clock import Clock, SystemClock
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend

PAGES = ("access", "audit", "budgets", "health", "live", "overview", "playground", "providers")


@dataclass
class Api:
    """Is lost since ``lost_at``."""

    clock: Clock
    lost_at: datetime | None = None

    @property
    def outage(self) -> Outage | None:
        return None if self.lost_at is None else Outage(self.lost_at, "the connection broke")


@pytest.mark.parametrize("page", PAGES)
def test_every_open_page_says_since_when_the_api_is_lost_until_it_is_back(open_console: OpenConsole, page: str) -> None:
    clock = SystemClock()
    api, backend = Api(clock), FakeBackend()
    app = open_console(backend, page=page, api=api)
    assert not any("unreachable" in each.value for each in app.error)
    api.lost_at = clock.utcnow() - timedelta(days=40)
    (told,) = [each.value for each in app.run().error if "API unreachable since" in each.value]
    assert f"{api.lost_at:%b}" in told
    assert "the connection broke" in told
    api.lost_at = None
    assert not any("unreachable" in each.value for each in app.run().error)
