"""The Live screen in a real browser: a drag sets the range, a click leads to the rows, choices stay in the address."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.e2e.conftest import Served, Watch, settle

pytestmark = pytest.mark.browser

STILL_MS, STILL_TRIES = 250, 20
DRAGS = CLICKS = 3
PAUSE_MS = 3_000  # Longer than the screen renews itself.
UNDER_WAY_MS = 1_500  # A renewal that had begun before the pause ends within.


@pytest.fixture(scope="module")
def console(served: Served) -> Served:
    """A demo that served a few requests."""
    return served


def chart(page: Page, name: str) -> Locator:
    return page.locator(f'[class*="st-key-live_{name}_"]').locator(".nsewdrag").first


def box_of(found: Locator) -> FloatRect:
    """Return where ``found`` is once it stands still."""
    before = None
    for _ in range(STILL_TRIES):
        found.page.wait_for_timeout(STILL_MS)
        found.evaluate("each => each.scrollIntoView({block: 'center'})")
        box = found.bounding_box()
        if box is not None and box == before:
            return box
        before = box
    raise AssertionError("it never stood still")


def tallest(bars: Locator) -> Locator:
    """Return the highest bar of a series."""
    expect(bars.locator(".point path").last).to_be_attached(timeout=10_000)
    found = bars.locator(".point path").all()
    heights = [(each.bounding_box() or {"height": 0.0})["height"] for each in found]
    return found[heights.index(max(heights))]


def drag_over(page: Page, name: str) -> None:
    """Drag until the range is in the address: a chart that is put up anew meanwhile lets go of the drag."""
    for _ in range(DRAGS):
        box = box_of(chart(page, name))
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.4, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, y, steps=6)
        page.mouse.up()
        try:
            expect(page).to_have_url(re.compile("from=.*to="), timeout=4_000)
        except AssertionError:
            continue
        return
    raise AssertionError("no drag set the range")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_drag_over_a_chart_sets_the_range_and_pauses_live_until_one_goes_back(console: Served, page: Page) -> None:
    console.open(page, "/live?live_window=15m")
    drag_over(page, "traffic")
    back = page.get_by_role("button", name="Back to now")
    expect(back).to_be_visible()
    told = page.get_by_text(re.compile("^Updated "))
    page.wait_for_timeout(UNDER_WAY_MS)
    before = told.inner_text()
    page.wait_for_timeout(PAUSE_MS)
    assert told.inner_text() == before
    back.click()
    expect(told).not_to_have_text(before, timeout=8_000)
    expect(page.get_by_role("radio", name="15m").or_(page.get_by_role("button", name="15m")).first).to_be_visible()
    assert "from" not in query(page)


def click_on_a_spike(console: Served, page: Page) -> bool:
    """Click on the highest bar; say whether the audit log has rows for it."""
    console.visit(page, f"/live?live_window=15m&live_model={Served.model}")
    bar = tallest(page.locator('[class*="st-key-live_tokens_"] .bars'))
    box = box_of(bar)
    page.mouse.move(box["x"] + box["width"] / 2 - 3, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator('[class*="st-key-live_tokens_"] .hoverlayer .legend')).to_be_visible()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("/audit"), timeout=8_000)
    settle(page)
    expect(page).to_have_url(re.compile(r"/audit\?(?=.*model=)(?=.*from=)(?=.*to=)"), timeout=8_000)
    assert query(page)["model"] == [Served.model]
    count = page.get_by_text(re.compile("(row matches|rows match)$")).first
    expect(count).to_be_visible(timeout=15_000)
    return "0 rows" not in count.inner_text()


def test_a_click_on_a_spike_opens_its_rows_in_the_audit_log(console: Served, page: Page) -> None:
    console.open(page)
    # The bars move on with the clock: one may leave its place between the look and the click.
    assert any(click_on_a_spike(console, page) for _ in range(CLICKS))


def test_what_is_chosen_is_in_the_address_and_survives_a_refresh(console: Served, page: Page) -> None:
    console.open(page, f"/live?live_model={Served.model}")
    names = page.locator('[class*="st-key-live_tokens_"] .legendtext')
    expect(names).to_have_text([Served.model], timeout=8_000)
    told = page.get_by_text(re.compile("^Updated "))
    expect(told).not_to_have_text(told.inner_text(), timeout=8_000)
    expect(names).to_have_text([Served.model])
    page.goto(f"{console.base_url}/live?live_model=no-such-model")
    expect(page.get_by_text("No requests in this range")).to_be_visible(timeout=8_000)


def test_a_dialog_that_was_left_does_not_come_back(console: Served, page: Page) -> None:
    console.open(page, "/live")
    page.get_by_role("button", name="Reset metrics").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    page.goto(f"{console.base_url}/health")
    settle(page)
    page.get_by_role("link", name="Live", exact=True).click()
    expect(page.get_by_role("heading", name="Live")).to_be_visible()
    settle(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_phone_scrolls_only_down(console: Served, page: Page, watch: Watch) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    console.open(page, "/live")
    expect(page.get_by_text("Requests by provider")).to_be_visible(timeout=8_000)
    assert page.evaluate(
        """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
        .every(each => each.scrollWidth <= each.clientWidth)"""
    )
    assert watch.elsewhere == []
