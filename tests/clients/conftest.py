"""One demo for all clients, and one report of each environment that is not ours."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.client_world import ENVIRONMENT, Names, furnish
from tests.clients.foreign import ForeignRun, node_command
from tests.support.demo_process import DemoProcess


@pytest.fixture(scope="session")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    """What clients of a running demo are told."""
    with DemoProcess(tmp_path_factory.mktemp("clients") / "demo", **ENVIRONMENT) as demo:
        yield furnish(demo)


@pytest.fixture(scope="session")
def node_report(names: Names) -> Iterator[dict[str, Any]]:
    """What npm's packages found."""
    run = ForeignRun(node_command(), names)
    yield run.report()
    run.end()
