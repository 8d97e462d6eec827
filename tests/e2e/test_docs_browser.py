"""The page that describes the API, in a real browser under its own policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from router_core.api.app import ApiApplication, ApiDeps
from tests.e2e.conftest import Watch
from tests.support.api_server import serving

pytestmark = pytest.mark.browser

NARROW = 390


def _nothing() -> ApiDeps:
    raise AssertionError("the page needs nothing of a running router")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(ApiApplication(_nothing)) as port:
        yield f"http://127.0.0.1:{port}/api/docs"


@pytest.fixture(params=[(1440, "light"), (NARROW, "dark")], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, permissions=["clipboard-read", "clipboard-write"]
    )
    opened, watch = context.new_page(), Watch(address.removesuffix("/api/docs"))
    watch.follow(opened)
    opened.goto(address)
    yield opened
    context.close()
    assert (watch.elsewhere, watch.complaints) == ([], [])


def _width(page: Page) -> int:
    return int(page.evaluate("innerWidth"))


def test_an_entry_is_found_read_and_its_example_copied(page: Page) -> None:
    is_narrow = _width(page) == NARROW
    if is_narrow:
        page.get_by_text("Contents", exact=True).click()
    page.get_by_label("Find an entry of the contents").fill("answer a prompt")
    entry = page.get_by_role("link", name="Answer a prompt").first
    expect(page.locator("nav li:visible")).to_have_count(1)
    entry.click()
    operation = page.locator("#postLlm")
    expect(operation).to_be_in_viewport()
    expect(page.locator("nav").filter(visible=True)).to_have_count(0 if is_narrow else 1)
    operation.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith('curl -X POST "$SIGNALBOX_URL/api/llm"')


def test_nothing_is_wider_than_the_screen_and_colours_follow_the_system(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == _width(page)
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (ground != "rgb(255, 255, 255)") is dark
