"""A real server and a real browser."""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.support.demo_process import DemoProcess

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
WORDS = 3
# A chart that is put up anew under the mouse: the chart library looks for the layer of its old tooltip.
KNOWN_COMPLAINT = "hoverlayer"
# Streamlit looks these up below a deep link's own path first, and finds them at the root afterwards.
KNOWN_404 = ("/_stcore/health", "/_stcore/host-config")


class Console:
    """The running demo, as the browser tests need it."""

    def __init__(self, demo: DemoProcess) -> None:
        self.base_url = demo.base_url
        self.email: str = demo.facts["console"]["email"]
        self.password: str = demo.facts["console"]["password"]
        self._simulator: str = demo.facts["simulator_url"]

    def simulate(self, method: str, what: str, order: dict[str, Any] | None = None) -> Any:
        """Make a control call to the simulated providers and return its answer."""
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{self._simulator}/__sim/{what}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def visit(self, page: Page, path: str) -> None:
        """Go to ``path``, signed in already, and wait until it is drawn."""
        page.goto(self.base_url + path)
        settle(page)

    def open(self, page: Page, path: str = "/") -> None:
        """Sign in on the way to ``path`` and wait until it is drawn."""
        page.goto(self.base_url + path)
        page.get_by_label("E-mail address").fill(self.email)
        page.get_by_label("Password").fill(self.password)
        page.get_by_role("button", name="Sign in").click()
        settle(page)


class Served(Console):
    """A demo that served ``requests`` requests of ``model``, called ``found-0`` and so on."""

    requests = 8
    model = "gpt-4o"

    def __init__(self, demo: DemoProcess) -> None:
        super().__init__(demo)
        self.account: str = demo.facts["account_id"]
        self.admin_key: str = demo.facts["admin_api_key"]
        self.request_id = f"found-{self.requests - 1}"
        for number in range(self.requests):
            self._ask(demo.facts["api_key"], f"found-{number}")

    def _ask(self, key: str, request_id: str) -> None:
        body = json.dumps({"modelOverride": self.model, "prompt": "hello", "maxTokens": 5}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {key}", "x-request-id": request_id}
        request = urllib.request.Request(f"{self.base_url}/api/llm", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


class Watch:
    """Notes what a page must not do: reach another origin, or complain in its console."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []

    def follow(self, page: Page) -> None:
        """Listen to ``page``."""
        page.on("request", lambda request: self._requested(request.url))
        page.on("console", lambda message: self._said(message.type, message.text, message.location.get("url", "")))
        page.on("pageerror", lambda error: self._failed(str(error)))

    def _requested(self, url: str) -> None:
        own = (self.base_url, self.base_url.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(own):
            self.elsewhere.append(url)

    def _failed(self, error: str) -> None:
        if KNOWN_COMPLAINT not in error:
            self.complaints.append(error)

    def _said(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and not ("404" in text and url.endswith(KNOWN_404)):
            self.complaints.append(f"{text} {url}")


def type_word(box: Locator, word: str, button: Locator) -> None:
    """Type the word that enables ``button``, once more when keys came while the dialog was still being drawn."""
    for _ in range(WORDS):
        box.fill("")
        box.press_sequentially(word)
        with suppress(AssertionError):
            expect(button).to_be_enabled(timeout=8_000)
            return
    raise AssertionError("the word that was typed enables nothing")


def settle(page: Page) -> None:
    """Wait until the page's script has run."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=30_000)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A demo server of our own."""
    require_chromium()
    with DemoProcess(tmp_path_factory.mktemp("e2e") / "demo") as demo:
        yield Console(demo)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo server with requests to look at, for all tests that only look."""
    require_chromium()
    with DemoProcess(tmp_path_factory.mktemp("served") / "demo") as demo:
        yield Served(demo)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; not for the whole session, since an event loop runs in this thread while it is open."""
    require_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    made = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Paris")
    yield made
    made.close()


@pytest.fixture
def watch(console: Console) -> Iterator[Watch]:
    """What the page did; fails the test when it did what it must not."""
    made = Watch(console.base_url)
    yield made
    assert made.elsewhere == []
    assert made.complaints == []


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """A watched tab."""
    made = context.new_page()
    watch.follow(made)
    return made


def require_chromium() -> None:
    if CHROMIUM.exists():
        return
    reason = f"{CHROMIUM} is missing: apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
