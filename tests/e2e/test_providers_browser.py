"""The Providers screen in a real browser: a draft is applied, another admin's change is met, no key is sent."""

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.conftest import Served, settle, type_word

pytestmark = pytest.mark.browser

ROW = "openai-gpt4o-mini"
# The demo's provider key, of which only the mask may be shown.
SECRET, MASK = b"sk-demo-0123456789", "sk-de...ghij"


@pytest.fixture(scope="module")
def console(served: Served) -> Served:
    """A demo that served a few requests."""
    return served


def change_weight(console: Served, weight: int) -> None:
    """Change the provider as another admin does, over HTTP."""
    url = f"{console.base_url}/api/admin/providers/{ROW}"
    headers = {"authorization": f"Bearer {console.admin_key}", "content-type": "application/json"}

    def ask(method: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    ask("PUT", {**ask("GET"), "weight": weight, "note": "less of it"})


def type_weight(page: Page, weight: int) -> None:
    page.get_by_label("Weight", exact=True).fill(str(weight))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Unsaved changes: 1")).to_be_visible(timeout=15_000)
    settle(page)


def opened_editor(console: Served, page: Page) -> list[bytes]:
    """Turn to the first provider; return the frames that the browser gets from now on."""
    frames: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", listen)
    console.open(page, "/providers")
    page.get_by_role("button", name="Edit").first.click()
    settle(page)
    return frames


def test_a_weight_is_applied_and_another_admins_change_is_reported_and_no_key_is_sent(
    console: Served, page: Page
) -> None:
    frames = opened_editor(console, page)
    type_weight(page, 44)
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_text("is in force; every process follows")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("changed just now by admin")).to_be_visible()
    type_weight(page, 45)
    change_weight(console, 46)
    expect(page.get_by_text("demo admin changed the configuration: revision")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Weight", exact=True)).to_have_value("45")
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_text("after you began")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    page.get_by_role("button", name="Take theirs, keep my other changes").click()
    expect(page.get_by_text("Your draft now stands on what is in force.")).to_be_visible(timeout=15_000)
    settle(page)
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)
    expect(page.get_by_label("Weight", exact=True)).to_have_value("46")
    assert sum(map(len, frames)) > 10_000
    assert any(MASK.encode() in frame for frame in frames)
    assert not any(SECRET in frame for frame in frames)


def test_a_key_is_entered_replaced_and_deleted_and_no_frame_to_the_browser_holds_it(
    console: Served, page: Page
) -> None:
    keys, masks = ("sk-typed-0123456789abcdefWXYZ", "sk-again-0123456789abcdefQRST"), ("sk-ty...WXYZ", "sk-ag...QRST")
    frames = opened_editor(console, page)
    page.get_by_role("button", name="Add a key").click()
    type_key(page, keys[0], "Save")
    expect(page.get_by_text(masks[0], exact=True).first).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Replace", exact=True).click()
    expect(page.get_by_role("dialog").get_by_label("Key", exact=True)).to_have_value("")
    type_key(page, keys[1], "Replace")
    expect(page.get_by_text(masks[1], exact=True).first).to_be_visible(timeout=15_000)
    page.get_by_test_id("stMain").get_by_role("button", name="Delete").last.click()
    dialog = page.get_by_role("dialog")
    type_word(dialog.get_by_label(re.compile("to confirm")), ROW, dialog.get_by_role("button", name="Delete"))
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is deleted; every process follows")).to_be_visible(timeout=15_000)
    assert any(masks[1].encode() in frame for frame in frames)
    assert not any(key.encode() in frame for frame in frames for key in keys)
    assert not any(key in page.content() for key in keys)


def type_key(page: Page, key: str, label: str) -> None:
    """Type a key into the dialog that is open, and press the button ``label``."""
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_label("Key", exact=True)
    expect(field).to_have_attribute("type", "password")
    field.fill(key)
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_have_count(0, timeout=15_000)
    settle(page)


def test_a_phone_scrolls_only_down_in_every_view_of_the_providers(console: Served, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    console.open(page, "/providers")
    for view, said in {"Models": "Switches", "Use cases": "Waits and failures", "History": "Compare"}.items():
        console.visit(page, f"/providers?view={view}")
        expect(page.get_by_text(said, exact=True)).to_be_visible(timeout=15_000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert page.evaluate(
            """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
            .every(each => each.scrollWidth <= each.clientWidth)"""
        ), view
