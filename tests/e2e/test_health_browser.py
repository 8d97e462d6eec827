"""The Health screen in a real browser: a provider breaks, the board says so, an operator acts, it recovers."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Console, Watch, require_chromium, settle
from tests.support.demo_process import DemoProcess

pytestmark = pytest.mark.browser

PROVIDER, MODEL = "openai-gpt4o", "gpt-4o"
COOLDOWN_S = 4
FAILURES = 5


class Site(Console):
    """A demo whose breakers cool down soon."""

    def __init__(self, demo: DemoProcess) -> None:
        super().__init__(demo)
        self._key: str = demo.facts["api_key"]

    def ask(self) -> int:
        """Ask the model once and return the status."""
        body = json.dumps({"modelOverride": MODEL, "prompt": "hello", "maxTokens": 5}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._key}"}
        request = urllib.request.Request(f"{self.base_url}/api/llm", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def break_it(self) -> None:
        """Let every call to the model fail, and enough of them that its breaker opens."""
        self.simulate("PUT", "faults", {"model": MODEL, "status": 500})
        for _ in range(FAILURES):
            if self.ask() == 503:
                return

    def mend(self) -> None:
        """Let the model answer again."""
        self.simulate("DELETE", "faults")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A demo server of our own."""
    require_chromium()
    with DemoProcess(tmp_path_factory.mktemp("health") / "demo", SIGNALBOX_BREAKER_COOLDOWN_S=str(COOLDOWN_S)) as demo:
        yield Site(demo)


@pytest.fixture(autouse=True)
def mended(console: Site) -> Iterator[None]:
    """Leave no fault behind."""
    yield
    console.mend()


def card(page: Page) -> Locator:
    return page.locator(f".st-key-health_card_{PROVIDER}")


def choose(page: Page, action: str) -> None:
    """Choose ``action`` in the menu of the provider's card."""
    card(page).get_by_role("button", name="Control").click()
    page.get_by_role("button", name=action, exact=True).click()


def type_name(page: Page) -> None:
    """Type the provider's name, letter by letter, as people do."""
    page.get_by_role("dialog").get_by_label(re.compile("to confirm")).press_sequentially(PROVIDER)


def force_open(page: Page) -> None:
    """Force the provider's breaker open through the dialog."""
    choose(page, "Force open")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("maintenance")
    type_name(page)
    dialog.get_by_role("button", name="Force open").click()


def test_a_broken_provider_is_named_within_five_seconds_and_recovers_before_the_operators_eyes(
    console: Site, page: Page
) -> None:
    console.open(page, "/health")
    console.break_it()
    banner = page.get_by_role("alert").filter(has_text=f"{PROVIDER} is down: breaker open")
    expect(banner).to_be_visible(timeout=5_000)
    expect(card(page).get_by_text(re.compile("Down$"))).to_be_visible()
    expect(card(page).get_by_text(re.compile("probe in"))).to_be_visible()
    console.mend()
    page.wait_for_timeout((COOLDOWN_S + 1) * 1000)
    assert console.ask() == 200
    expect(card(page).get_by_text("Recovering")).to_be_visible(timeout=5_000)
    assert console.ask() == 200
    expect(banner).to_have_count(0, timeout=5_000)
    expect(page.get_by_text(re.compile("is recovering"))).to_be_visible()


def test_a_breaker_is_forced_open_and_reset_through_dialogs_that_demand_the_name(console: Site, page: Page) -> None:
    console.open(page, "/health")
    choose(page, "Force open")
    dialog = page.get_by_role("dialog")
    go = dialog.get_by_role("button", name="Force open")
    dialog.get_by_label("Reason").fill("maintenance")
    expect(go).to_be_disabled()
    expect(page.get_by_role("button", name="Force closed")).to_have_count(0)
    page.wait_for_timeout(2_500)  # Longer than the screen renews itself.
    type_name(page)
    expect(go).to_be_enabled(timeout=2_000)
    expect(dialog.get_by_label("Reason")).to_have_value("maintenance")
    go.click()
    expect(page.get_by_test_id("stToast")).to_contain_text(f"The breaker of {PROVIDER} is forced open")
    expect(card(page).get_by_text("FORCED OPEN")).to_be_visible(timeout=2_000)
    banner = page.get_by_role("alert").filter(has_text=f"{PROVIDER} is forced open by")
    expect(banner).to_be_visible()
    expect(banner.get_by_role("link")).to_have_count(0)
    assert console.ask() == 503
    choose(page, "Reset")
    type_name(page)
    page.get_by_role("dialog").get_by_role("button", name="Reset breaker").click()
    expect(page.get_by_test_id("stToast").filter(has_text="is reset")).to_be_visible()
    expect(card(page).get_by_text("Breaker closed")).to_be_visible(timeout=2_000)
    assert console.ask() == 200


def test_a_drill_runs_hits_users_is_stopped_and_tells_what_they_felt(console: Site, page: Page) -> None:
    console.open(page, "/health")
    page.get_by_role("button", name="Start a drill").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Provider").click()
    page.get_by_role("option", name=PROVIDER, exact=True).click()
    expect(dialog.get_by_text(re.compile(f"of calls to {PROVIDER} "))).to_be_visible()
    dialog.get_by_label("Reason").fill("game day")
    type_name(page)
    dialog.get_by_role("button", name="Start the drill").click()
    expect(page.get_by_text("Drill running")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=f"Drill on {PROVIDER}")).to_be_visible()
    assert console.ask() != 200
    expect(page.get_by_text(re.compile("1 request hit: 0 rescued, 1 failed"))).to_be_visible(timeout=5_000)
    page.get_by_role("button", name="Stop now").click()
    expect(page.get_by_text("Drill running")).to_have_count(0, timeout=4_000)
    expect(page.get_by_role("region", name="Finished drills and what users felt of them")).to_be_visible()


def test_a_dialog_that_was_left_does_not_come_back(console: Site, page: Page) -> None:
    console.open(page, "/health")
    page.get_by_role("button", name="Start a drill").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("link", name="Health", exact=True).click()
    expect(page.get_by_role("heading", name="Health")).to_be_visible()
    settle(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_phone_shows_the_board_in_one_column(console: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    console.open(page, "/health")
    boxes = [each.bounding_box() for each in page.locator('[class*="st-key-health_card_"]').all()]
    assert len({round(box["x"]) for box in boxes if box is not None}) == 1
    assert len(boxes) == 4
    assert page.evaluate(
        """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
        .every(each => each.scrollWidth <= each.clientWidth)"""
    )


def test_the_range_is_in_the_address(console: Site, page: Page, watch: Watch) -> None:
    console.open(page, "/health?health_window=24h")
    expect(page.get_by_text(re.compile("figures of the last 24 hours"))).to_be_visible()
    page.get_by_role("button", name="15m").or_(page.get_by_role("radio", name="15m")).first.click()
    expect(page).to_have_url(re.compile("health_window=15m"))
    expect(page.get_by_text(re.compile("figures of the last 15 minutes"))).to_be_visible()
