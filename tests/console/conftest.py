"""A stage with a fake backend, and the console's script on it."""

import sys
from collections.abc import Callable, Iterator

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from console.assets import main_script
from console.bridge import Bridge
from console.remote.link import Reachable
from console.stage import STAGE_KEY, Stage
from router_core.clock import SystemClock
from tests.console.console_fakes import FakeBackend, running_loop

OpenConsole = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Give the interpreter its main module back: AppTest leaves the script there, and new processes would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    """A bridge to an event loop in a thread of its own."""
    with running_loop() as loop:
        yield Bridge(loop)


@pytest.fixture(scope="session")
def components() -> BidiComponentManager:
    """The components of other packages, of which the console uses none: to look for them takes longer than a page."""
    found = BidiComponentManager()
    found.discover_and_register_components(start_file_watching=False)
    return found


@pytest.fixture
def open_console(bridge: Bridge, components: BidiComponentManager) -> OpenConsole:
    """Open the console as the holder of ``token``, on ``page`` when one is named, with widgets set as ``chosen``."""

    def open_page(
        backend: FakeBackend,
        token: object = "owner-token",
        page: str | None = None,
        api: Reachable | None = None,
        **chosen: str,
    ) -> AppTest:
        stage = Stage(backend=backend, bridge=bridge, clock=SystemClock(), read_token=lambda: token, api=api)
        app = AppTest.from_file(str(main_script()), default_timeout=20)
        app._bidi_component_manager = components
        app.session_state[STAGE_KEY] = stage
        app.run()
        if page is None:
            return app
        app.switch_page(f"../pages/{page}.py")
        for name, value in chosen.items():
            app.session_state[name] = value
        return app.run()

    return open_page
