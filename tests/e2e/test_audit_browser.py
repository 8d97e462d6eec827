"""The audit log in a real browser: rows are found, opened, exported and verified; the address says it all."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Served, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def console(served: Served) -> Served:
    """A demo that served a few requests."""
    return served


def test_filters_from_the_address_are_shown_and_cleared_at_once(console: Served, page: Page) -> None:
    console.open(page, f"/audit?model={console.model}&status=success&account={console.account}")
    expect(page.get_by_text(re.compile(f"^{console.requests} rows match"))).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Clear all").click()
    expect(page).not_to_have_url(re.compile("model="))
    expect(page.get_by_text(re.compile(f"^{console.requests} rows match"))).to_have_count(0)


def test_a_request_is_found_by_its_id_and_opens_in_full_from_its_address(console: Served, page: Page) -> None:
    console.open(page, f"/audit?request_id={console.request_id}")
    expect(page.get_by_text(re.compile("^1 row match"))).to_be_visible(timeout=15_000)
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 52)
    expect(page).to_have_url(re.compile("row="), timeout=8_000)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(console.request_id)).to_be_visible()
    address = page.url
    page.goto(f"{console.base_url}/health")
    settle(page)
    page.goto(address)
    expect(page.get_by_role("dialog").get_by_text(console.request_id)).to_be_visible(timeout=10_000)
    expect(page.get_by_role("dialog").get_by_text("openai-gpt4o (gpt-4o)")).to_be_visible()


def test_the_export_holds_exactly_the_rows_that_match(console: Served, page: Page, tmp_path: Path) -> None:
    console.open(page, f"/audit?model={console.model}")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["request_id"] for row in rows] == [f"found-{number}" for number in range(console.requests)]


def test_the_chains_are_verified_before_the_operators_eyes(console: Served, page: Page) -> None:
    console.open(page, "/audit")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text(re.compile("rows are as they were written"))).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Verify")).to_be_enabled()
    page.goto(f"{console.base_url}/audit?event=audit.verified")
    expect(page.get_by_text(re.compile("^1 row match"))).to_be_visible(timeout=15_000)


def test_a_phone_scrolls_only_down(console: Served, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    console.open(page, "/audit")
    expect(page.get_by_text(re.compile("rows match"))).to_be_visible(timeout=15_000)
    assert page.evaluate(
        """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
        .every(each => each.scrollWidth <= each.clientWidth)"""
    )
