"""One demo for all clients, and one report of each environment that is not ours."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.client_world import ENVIRONMENT, Names, furnish
from tests.clients.clients_page import examples
from tests.clients.foreign import PLACES, ForeignRun, command_of, require
from tests.support.demo_process import DemoProcess


@pytest.fixture(scope="session")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    """What clients of a running demo are told."""
    with DemoProcess(tmp_path_factory.mktemp("clients") / "demo", **ENVIRONMENT) as demo:
        yield furnish(demo)


@pytest.fixture(scope="session")
def runs(names: Names, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ForeignRun]]:
    """Every environment that is installed, at work beside the others."""
    folder = tmp_path_factory.mktemp("runs")
    commands = {place: command_of(place) for place in PLACES}
    made = {
        place: ForeignRun(command, folder / place, names, _page(place, names))
        for place, command in commands.items()
        if command is not None
    }
    yield made
    for run in made.values():
        run.end()


@pytest.fixture(scope="session")
def node_report(runs: dict[str, ForeignRun]) -> dict[str, Any]:
    """What npm's packages found."""
    require("node")
    return runs["node"].report()


@pytest.fixture(scope="session")
def agents_report(runs: dict[str, ForeignRun]) -> dict[str, Any]:
    """What LangChain, pydantic-ai and ``llm`` found."""
    require("agents")
    return runs["agents"].report()


@pytest.fixture(scope="session")
def instructor_report(runs: dict[str, ForeignRun]) -> dict[str, Any]:
    """What instructor found."""
    require("instructor")
    return runs["instructor"].report()


def _page(place: str, names: Names) -> dict[str, str]:
    return {f"page: {each.name}": each.spelled_for(names) for each in examples() if each.place == place}
