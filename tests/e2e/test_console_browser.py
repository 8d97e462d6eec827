"""The console in a real browser, against a real server."""

import re

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import Console, Watch, settle

pytestmark = pytest.mark.browser

SLOW_MODEL = "gpt-4o"
PLAYGROUND = f"/playground?playground_by=Model&playground_model={SLOW_MODEL}"
LONG_PROMPT = "Explain in detail how a railway signal box works. [[sim:output_tokens=400]]"


def main_is_no_wider_than_the_screen(page: Page) -> bool:
    """Say whether nothing can be scrolled sideways."""
    script = """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
        .filter(Boolean).every(each => each.scrollWidth <= each.clientWidth)"""
    return bool(page.evaluate(script))


def send(page: Page, prompt: str) -> None:
    """Send ``prompt`` from the playground."""
    page.get_by_label("Prompt", exact=True).fill(prompt)
    page.get_by_role("button", name="Send", exact=True).click()


def slow_down(console: Console) -> None:
    """Make the slow model write a token every 40 milliseconds."""
    console.simulate("POST", "latency", {"model": SLOW_MODEL, "ttft_ms": 100, "token_ms": 40})


def closed_calls(console: Console) -> list[str]:
    """Return the slow model's calls that we hung up on."""
    calls = console.simulate("GET", "calls?limit=10000")["calls"]
    return [call["outcome"] for call in calls if call["model"] == SLOW_MODEL and call["outcome"] == "client_closed"]


def upstream_saw_the_end(console: Console, page: Page, before: int) -> bool:
    """Say whether one more call was hung up within a second."""
    for _ in range(10):
        if len(closed_calls(console)) == before + 1:
            return True
        page.wait_for_timeout(100)
    return False


def changes_within(place: Locator, periods: int) -> int:
    """Return in how many of ``periods`` times 3 seconds the text of ``place`` changed."""
    changes = 0
    for _ in range(periods):
        before = place.inner_text()
        try:
            expect(place).not_to_have_text(before, timeout=3_000)
        except AssertionError:
            continue
        changes += 1
    return changes


def test_the_first_address_ever_opened_leads_to_sign_in_and_back_and_a_refresh_stays(
    console: Console, page: Page, context: BrowserContext
) -> None:
    page.goto(console.base_url + PLAYGROUND)
    expect(page).to_have_title("Sign in · Signalbox")
    console.open(page, PLAYGROUND)
    expect(page).to_have_url(re.compile(r"/playground\?.*playground_model=gpt-4o"))
    expect(page).to_have_title("Playground · Signalbox")
    page.reload()
    settle(page)
    expect(page.get_by_role("heading", name="Playground")).to_be_visible()
    second = context.new_page()
    second.goto(console.base_url)
    expect(second.get_by_role("heading", name="Overview")).to_be_visible()


def test_the_session_cookie_is_out_of_reach_of_scripts(console: Console, page: Page, context: BrowserContext) -> None:
    console.open(page)
    cookie = next(each for each in context.cookies() if each["name"] == "signalbox_session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert "signalbox" not in page.evaluate("document.cookie")


def test_a_wrong_password_is_named_without_saying_which_half_was_wrong(
    console: Console, page: Page, watch: Watch
) -> None:
    page.goto(console.base_url)
    page.get_by_label("E-mail address").fill(console.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("E-mail address")).to_have_value(console.email)
    assert all("401" in complaint for complaint in watch.complaints)
    watch.complaints.clear()


def test_a_prompt_streams_and_shows_where_it_went_and_why(console: Console, page: Page) -> None:
    slow_down(console)
    console.open(page, PLAYGROUND)
    expect(page.get_by_text("Would go to openai-gpt4o (gpt-4o)")).to_be_visible()
    send(page, "What is a signal box? [[sim:output_tokens=60]]")
    answer = page.locator(".st-key-playground_answer")
    expect(answer.get_by_text("Streaming")).to_be_visible()
    expect(answer.get_by_text("You asked")).to_be_visible()
    early = len(answer.inner_text())
    expect(answer.get_by_text("Done")).to_be_visible(timeout=15_000)
    assert len(answer.inner_text()) > early
    expect(answer).to_contain_text(re.compile(r"First token \d+\s?ms.*Tokens in \d+.*Tokens out \d+.*Cost \$0\.\d+"))
    trace = page.locator(".st-key-playground_trace")
    expect(trace.get_by_text("Where it went, and why")).to_be_visible()
    expect(trace.get_by_text("Success")).to_be_visible()
    expect(trace.get_by_text("Kept")).to_be_visible()
    assert "signal" not in page.url


def test_stop_keeps_the_text_and_cancels_the_call_upstream_within_a_second(console: Console, page: Page) -> None:
    slow_down(console)
    calls_before = len(closed_calls(console))
    console.open(page, PLAYGROUND)
    send(page, LONG_PROMPT)
    answer = page.locator(".st-key-playground_answer")
    expect(answer.get_by_text("You asked")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(answer.get_by_text("Stopped")).to_be_visible(timeout=1_500)
    expect(answer.get_by_text("You asked")).to_be_visible()
    assert upstream_saw_the_end(console, page, calls_before)


def test_leaving_the_page_cancels_the_call_even_when_the_provider_is_silent(console: Console, page: Page) -> None:
    console.simulate("PUT", "faults", {"model": SLOW_MODEL, "silent_after": 3, "count": 1})
    calls_before = len(closed_calls(console))
    console.open(page, PLAYGROUND)
    send(page, LONG_PROMPT)
    expect(page.locator(".st-key-playground_answer").get_by_text("Streaming")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_text("Recent requests")).to_be_visible()
    assert upstream_saw_the_end(console, page, calls_before)


def test_a_provider_that_refuses_is_explained_with_every_attempt_and_can_be_retried(
    console: Console, page: Page
) -> None:
    console.simulate("PUT", "faults", {"model": SLOW_MODEL, "status": 400, "count": 1})
    console.open(page, PLAYGROUND)
    send(page, "hello")
    answer = page.locator(".st-key-playground_answer")
    expect(answer.get_by_text("Failed")).to_be_visible()
    expect(page.locator(".st-key-playground_trace").get_by_text("Validation error")).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(answer.get_by_text("Done")).to_be_visible(timeout=15_000)


def test_the_overview_is_alive_and_freezes_when_told(console: Console, page: Page) -> None:
    console.open(page)
    updated = page.get_by_text(re.compile(r"Updated \d\d:\d\d:\d\d · times in Europe/Paris"))
    first = updated.inner_text()
    expect(updated).not_to_have_text(first, timeout=6_000)
    page.get_by_test_id("stWidgetLabel").get_by_text("Live", exact=True).click()
    expect(page).to_have_url(re.compile("overview_live=false"))
    # Turning it off draws the page once more; a living timer would draw it again and again.
    assert changes_within(updated, periods=2) <= 1


def test_signing_out_in_one_tab_ends_the_other_at_its_next_tick(
    console: Console, page: Page, context: BrowserContext
) -> None:
    console.open(page)
    other = context.new_page()
    other.goto(console.base_url)
    settle(other)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(other.get_by_text("Session ended")).to_be_visible(timeout=8_000)
    expect(other.get_by_text("Recent requests")).to_have_count(0)
    page.goto(console.base_url + "/playground")
    expect(page).to_have_title("Sign in · Signalbox")


@pytest.mark.parametrize("path", ["/", PLAYGROUND])
def test_a_phone_needs_no_sideways_scrolling(console: Console, page: Page, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(console.base_url + path)
    assert main_is_no_wider_than_the_screen(page)
    console.open(page, path)
    if path != "/":
        send(page, "hello")
        expect(page.locator(".st-key-playground_trace")).to_be_visible(timeout=30_000)
    assert main_is_no_wider_than_the_screen(page)


def test_a_permalink_with_a_plain_use_case_opens_on_it(console: Console, page: Page) -> None:
    """The address carries the name itself, so people can write it by hand."""
    console.open(page, "/playground?playground_use_case=complex")
    expect(page.get_by_text("Would go to").first).to_contain_text("anthropic-claude-sonnet-4-5")


def test_a_session_revoked_in_one_browser_ends_on_an_open_page_of_another_that_nobody_touches(
    console: Console, page: Page, browser: Browser
) -> None:
    console.open(page, "/access?view=Sessions")
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    console.open(other, "/access?view=Accounts")
    expect(other.get_by_role("heading", name="Accounts")).to_be_visible()
    cookies = {each["name"]: each["value"] for each in page.context.cookies()}
    headers = {"cookie": f"signalbox_session={cookies['signalbox_session']}", "sec-fetch-site": "same-origin"}
    with httpx2.Client(base_url=console.base_url, headers=headers, trust_env=False) as http:
        found = http.get("/api/admin/sessions").json()["sessions"]
        newest = max(found, key=lambda each: each["createdAt"])
        assert http.delete(f"/api/admin/sessions/{newest['id']}").json() == {"ended": 1}
    expect(other.get_by_text("Session ended")).to_be_visible(timeout=8_000)
    elsewhere.close()
    page.reload()
    settle(page)
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def test_an_invited_person_chooses_a_password_and_sees_what_their_role_may(
    console: Console, page: Page, browser: Browser
) -> None:
    console.open(page, "/access")
    page.get_by_role("button", name="Invite a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_test_id("stTextInputField").first.fill("eve@example.com")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Invite", exact=True).click()
    link = dialog.locator("code", has_text=re.compile("/auth/invitation/")).inner_text()
    dialog.get_by_role("button", name="Done").click()
    elsewhere = browser.new_context()
    invited = elsewhere.new_page()
    invited.goto(link.strip())
    expect(invited).to_have_url(re.compile(r"/auth/invitation$"))
    invited.get_by_label("New password", exact=True).fill("a few words of mine")
    invited.get_by_label("New password once more").fill("a few words of mine")
    invited.get_by_role("button", name="Set password and sign in").click()
    settle(invited)
    expect(invited.get_by_role("heading", name="Overview")).to_be_visible()
    expect(invited.get_by_role("link", name="Access")).to_have_count(0)
    elsewhere.close()
