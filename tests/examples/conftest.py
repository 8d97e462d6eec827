"""The whole interface before simulated providers, and the environment in which examples are run."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.contract_server import ContractServer, contract_server
from tests.support.simulator_process import SimulatorProcess


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--fast") as made:
        yield made


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, simulator: SimulatorProcess) -> Iterator[ContractServer]:
    upstreams = {"OPENAI_BASE_URL": simulator.openai_url, "ANTHROPIC_BASE_URL": simulator.base_url}
    folder: Path = tmp_path_factory.mktemp("examples") / "data"
    with contract_server(folder, upstreams) as made:
        with httpx2.Client(base_url=made.url, trust_env=False) as client:
            client.get("/readyz").raise_for_status()
        yield made
