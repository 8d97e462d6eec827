"""One simulator for the folder, clean for every test, and a registry that is closed after it."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from router_core.providers import AdapterRegistry
from router_core.types import ProviderKind
from tests.support.loopback import LOOPBACK
from tests.support.simulator_process import SimulatorProcess


@pytest.fixture(scope="session")
def provider_simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--fast") as process:
        yield process


@pytest.fixture
def simulator(provider_simulator: SimulatorProcess) -> Iterator[SimulatorProcess]:
    provider_simulator.reset()
    yield provider_simulator
    provider_simulator.reset()


@pytest.fixture
async def registry() -> AsyncIterator[AdapterRegistry]:
    made = AdapterRegistry(max_response=200_000, egress=LOOPBACK)
    yield made
    await made.close()


@pytest.fixture
def base_url(simulator: SimulatorProcess) -> Callable[[ProviderKind], str]:
    return lambda kind: simulator.openai_url if kind == "openai" else simulator.base_url
