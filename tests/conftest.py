"""Fixtures that every folder may ask for, how Hypothesis runs here, and how tests take turns."""

import gc
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.bytecode import keep_bytecode
from tests.support.scheduling import LaneScheduling, in_good_order
from tests.support.turns import turn

pytest_plugins = ("tests.support.database", "tests.support.redis_server")

keep_bytecode()

# Three tests run at a time, beside servers and browsers: how long one example took says nothing.
settings.register_profile("beside_others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside_others")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for unused objects neither while all that tests are made of is read, nor ever after among that."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test marked ``alone`` beside none of another worker, its fixtures included."""
    worker = getattr(item.config, "workerinput", None)
    if worker is None:
        return (yield)
    with turn(worker["testrunuid"], alone=item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    in_good_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand tests out to workers by file, browsers to one, faults to one."""
    return LaneScheduling(config, log) if config.getoption("dist") == "loadfile" else None
