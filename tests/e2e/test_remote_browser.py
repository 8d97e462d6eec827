"""The console alone, in a real browser, against an API in another process that dies and comes back."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Console, require_chromium, settle
from tests.e2e.test_console_browser import LONG_PROMPT, PLAYGROUND, closed_calls, send, slow_down, upstream_saw_the_end
from tests.support.command_runs import run_at
from tests.support.console_process import ConsoleProcess
from tests.support.demo_process import DemoProcess

pytestmark = pytest.mark.browser

PROVIDER = "openai-gpt4o"
VIEWS = ("Spending", "Limits", "Outlook", "Alerts", "Prices", "Bills")


class RemoteSite(Console):
    """A demo that serves the API, and a console elsewhere that people look at."""

    def __init__(self, demo: DemoProcess, console: ConsoleProcess) -> None:
        super().__init__(demo)
        self.demo = demo
        self.base_url = console.base_url


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteSite]:
    """A console beside the demo, neither of which knows the other's files."""
    require_chromium()
    folder = tmp_path_factory.mktemp("remote")
    with DemoProcess(folder / "demo") as demo, ConsoleProcess(folder / "console", demo.base_url) as alone:
        yield RemoteSite(demo, alone)
    assert not (folder / "console").exists()


def test_every_screen_works_from_elsewhere_and_outlives_the_api(console: RemoteSite, page: Page) -> None:
    console.open(page, PLAYGROUND)
    _an_answer_is_stopped(console, page)
    _a_breaker_is_forced_and_reset(page)
    _every_view_of_money_is_drawn_and_a_limit_set(page)
    _the_log_is_verified_and_exported(page)
    _go(page, "Live")
    expect(page.get_by_text("Active streams")).to_be_visible(timeout=15_000)
    _go(page, "Overview")
    expect(page.get_by_text("Requests by provider")).to_be_visible(timeout=15_000)

    console.demo.kill()
    outage = page.get_by_role("alert").filter(has_text="API unreachable since")
    expect(outage).to_be_visible(timeout=10_000)
    console.demo.start()
    expect(page.get_by_text("Requests by provider")).to_be_visible(timeout=10_000)
    expect(outage).to_have_count(0)


def test_a_viewer_sees_the_overview_and_is_told_what_other_screens_need(console: RemoteSite, browser: Browser) -> None:
    made = run_at(console.demo.folder, "users", "create", "vi@example.com", "--role", "viewer", "--json")
    password = json.loads(made[1])["password"]
    with browser.new_context() as fresh:
        page = fresh.new_page()
        page.goto(console.base_url + "/budgets")
        page.get_by_label("E-mail address").fill("vi@example.com")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Not for your role")).to_be_visible(timeout=15_000)
        expect(page.get_by_role("link", name="Budgets", exact=True)).to_have_count(0)
        page.goto(console.base_url)
        expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible(timeout=15_000)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def _go(page: Page, screen: str) -> None:
    page.get_by_role("link", name=screen, exact=True).click()
    expect(page.get_by_role("heading", name=screen, exact=True)).to_be_visible(timeout=15_000)
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def _an_answer_is_stopped(console: RemoteSite, page: Page) -> None:
    slow_down(console)
    before = len(closed_calls(console))
    send(page, LONG_PROMPT)
    answer = page.locator(".st-key-playground_answer")
    expect(answer.get_by_text("You asked")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(answer.get_by_text("Stopped")).to_be_visible(timeout=1_500)
    assert upstream_saw_the_end(console, page, before)


def _a_breaker_is_forced_and_reset(page: Page) -> None:
    _go(page, "Health")
    card = page.locator(f".st-key-health_card_{PROVIDER}")
    for action, done in (("Force open", "Force open"), ("Reset", "Reset breaker")):
        card.get_by_role("button", name="Control").click()
        page.get_by_role("button", name=action, exact=True).click()
        dialog = page.get_by_role("dialog")
        if action == "Force open":
            dialog.get_by_label("Reason").fill("maintenance")
        dialog.get_by_label(re.compile("to confirm")).press_sequentially(PROVIDER)
        dialog.get_by_role("button", name=done).click()
        expect(page.get_by_role("dialog")).to_have_count(0, timeout=5_000)
    expect(card.get_by_text("Breaker closed")).to_be_visible(timeout=5_000)


def _every_view_of_money_is_drawn_and_a_limit_set(page: Page) -> None:
    _go(page, "Budgets")
    for view in VIEWS:
        page.get_by_role("radio", name=view, exact=True).or_(
            page.get_by_role("button", name=view, exact=True)
        ).first.click()
        settle(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    page.get_by_role("radio", name="Limits", exact=True).or_(
        page.get_by_role("button", name="Limits", exact=True)
    ).first.click()
    page.get_by_role("button", name="Set a budget").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Limit in dollars").fill("77.50")
    page.keyboard.press("Tab")
    settle(page)
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("of $77.50")).to_be_visible(timeout=15_000)


def _the_log_is_verified_and_exported(page: Page) -> None:
    _go(page, "Audit log")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text(re.compile("rows are as they were written"))).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    assert "budget.set" in waiting.value.path().read_text()
