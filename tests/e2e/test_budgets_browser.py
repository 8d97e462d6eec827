"""The Budgets screen in a real browser: every view draws, prices are changed, what is downloaded is exact."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Served, settle

pytestmark = pytest.mark.browser

VIEWS = {
    "Spending": "Savings", "Limits": "Course of a budget", "Outlook": "Outlook", "Alerts": "Channels",
    "Prices": "Rate a past period again", "Bills": "A provider's bill",
}  # fmt: skip


@pytest.fixture(scope="module")
def console(served: Served) -> Served:
    """A demo that served a few requests."""
    return served


def choose(page: Page, view: str) -> None:
    """Turn to ``view``."""
    page.get_by_role("radio", name=view, exact=True).or_(
        page.get_by_role("button", name=view, exact=True)
    ).first.click()
    settle(page)


def test_every_view_is_drawn_and_has_an_address_of_its_own(console: Served, page: Page) -> None:
    console.open(page, "/budgets")
    for view, heading in VIEWS.items():
        choose(page, view)
        expect(page.get_by_text(heading).first).to_be_visible(timeout=15_000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if view != "Spending":
            expect(page).to_have_url(re.compile(f"view={view}"))
    console.visit(page, "/budgets?view=Prices")
    expect(page.get_by_text("Rate a past period again")).to_be_visible(timeout=15_000)


def test_a_price_is_set_and_the_whole_book_is_downloaded(console: Served, page: Page, tmp_path: Path) -> None:
    console.open(page, "/budgets?view=Prices")
    page.get_by_role("button", name="Set a price").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Model").click()
    dialog.get_by_label("Model").fill("my-own-model")
    page.keyboard.press("Enter")
    settle(page)
    dialog.get_by_label("Input", exact=True).fill("1.25")
    dialog.get_by_label("Output", exact=True).fill("2.5")
    dialog.get_by_label("Source").fill("contract 17")
    page.keyboard.press("Tab")
    settle(page)
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=10_000)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export").click()
    waiting.value.save_as(tmp_path / "prices.csv")
    with (tmp_path / "prices.csv").open(newline="") as file:
        (row,) = [each for each in csv.DictReader(file) if each["model"] == "my-own-model"]
    assert (row["input"], row["output"], row["kind"], row["source"]) == ("1.25", "2.5", "own", "contract 17")


def test_a_phone_scrolls_only_down_in_every_view(console: Served, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    console.open(page, "/budgets")
    for view in VIEWS:
        console.visit(page, f"/budgets?view={view}")
        assert page.evaluate(
            """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
            .every(each => each.scrollWidth <= each.clientWidth)"""
        ), view
