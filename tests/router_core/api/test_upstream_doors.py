"""Nobody but the environment says where a provider's key may be sent, through whichever door a URL comes in."""

import copy
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from router_core.api.app import PATHS
from tests.support.api_server import ApiRig

FIRST = "openai-gpt4o-mini"
# Bad-input catalogue, row 70: what leads elsewhere than it seems, or where nobody should be led.
HOSTILE = [
    "http://api.openai.com/v1",
    "https://127.1/v1",
    "http://0x7f.1/v1",
    "http://2130706433/v1",
    "http://[::ffff:7f00:1]/v1",
    "http://[::1]:9100/v1",
    "https://api.openai.com@127.0.0.1/v1",
    "https://user@api.openai.com/v1",
    "https://\u0430pi.openai.com/v1",
    "https://xn--pi-7kc.openai.com/v1",
    "https://api.openai.com:6379/v1",
    "https://api.openai.com.evil.example/v1",
    "https://rebound.example.com/v1",
    "http://169.254.169.254/latest/meta-data",
    "http://metadata.google.internal/v1",
    "http://127.0.0.1:6379/",
    "file:///etc/passwd",
    "https://api.openai.com/v1/../../x",
    "https://api.openai.com\\@evil.example/v1",
    "https://api.openai.com/v1?x=1",
    "//evil.example/v1",
    "https:///v1",
]
# Every operation that takes a document or a row in which a base URL could be.
DOORS = {
    ("POST", "/api/admin/providers"),
    ("PUT", "/api/admin/providers/{name}"),
    ("POST", "/api/admin/config/test"),
    ("POST", "/api/admin/config/validate"),
    ("POST", "/api/admin/config/apply"),
    ("PUT", "/api/admin/config/draft"),
}
# What else changes the configuration, without a URL in it.
WITHOUT_URL = {
    ("PUT", "/api/admin/config/flags"),
    ("POST", "/api/admin/config/draft/apply"),
    ("POST", "/api/admin/config/versions/{revision}/rollback"),
    ("POST", "/api/admin/providers/{name}/test"),
}


@pytest.fixture
def document(rig: ApiRig, http: httpx2.Client) -> Iterator[dict[str, Any]]:
    found = http.get("/api/admin/config", headers=_admin(rig)).json()["document"]
    yield copy.deepcopy(found)
    assert http.get("/api/admin/config", headers=_admin(rig)).json()["document"] == found, "nothing may be saved"
    assert rig.configuration.asked == [], "nothing may be called"


def _admin(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


def test_cve_2025_66405_every_door_that_takes_a_url_is_one_that_is_tried_here() -> None:
    """A path that was forgotten was the hole: a new one has to be entered above."""
    found = {
        (method, path)
        for path, actions in PATHS.items()
        for method in actions
        if path.startswith(("/api/admin/config", "/api/admin/providers")) and method in ("POST", "PUT", "PATCH")
        if "/keys" not in path
    }
    assert found == DOORS | WITHOUT_URL


@pytest.mark.parametrize("url", HOSTILE)
def test_cve_2025_66405_no_door_lets_a_url_through_that_is_not_allowed(
    url: str, document: dict[str, Any], rig: ApiRig, http: httpx2.Client
) -> None:
    entry = {**document["providers"][0], "baseUrl": url}
    document["providers"][0] = entry
    for method, path in sorted(DOORS):
        name = "own.probe" if path.endswith("/providers") else FIRST
        body = (
            {**entry, "name": name, "version": 1}
            if "providers" in path or path.endswith("/test")
            else {"document": document}
        )
        if path.endswith("/draft"):
            body["base"] = 1
        answer = http.request(method, path.replace("{name}", FIRST), json=body, headers=_admin(rig))
        _judge(path, answer, url)
    dropped = http.post("/api/admin/config/draft/apply", json={}, headers=_admin(rig))
    assert dropped.status_code == 400
    http.delete("/api/admin/config/draft", headers=_admin(rig))


def _judge(path: str, answer: httpx2.Response, url: str) -> None:
    if path.endswith("/validate"):
        assert not answer.json()["valid"]
    elif path.endswith("/draft"):
        assert not answer.json()["draft"]["review"]["valid"]
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR"), path
        assert "baseUrl" in answer.text
        assert url not in answer.text


@pytest.mark.parametrize("path", ["/api/llm", "/api/llm/route"])
@pytest.mark.parametrize(
    "field", ["api_base", "apiBase", "base_url", "baseUrl", "api_key", "apiKey", "extra_headers", "user_config"]
)
def test_cve_2024_6587_a_request_cannot_say_where_our_key_goes(
    path: str, field: str, rig: ApiRig, http: httpx2.Client
) -> None:
    answer = http.post(path, json={"prompt": "x", field: "https://evil.example/v1"}, headers=rig.bearer())
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert "evil" not in answer.text
    assert rig.router.requests == []
