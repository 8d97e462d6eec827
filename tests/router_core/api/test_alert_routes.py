"""Alerts over real HTTP: channels made, changed, tested and removed; what is refused by name; who may."""

from typing import Any

import httpx2
import pytest

from router_core.alerts.signing import shown_secret
from tests.support.alert_worlds import secret_of
from tests.support.api_server import ApiRig

CHANNELS = "/api/admin/alerts/channels"
HOOK = {"kind": "webhook", "target": "https://hooks.example.com/in"}


def _headers(rig: ApiRig, role: str = "admin") -> dict[str, str]:
    return {
        "cookie": f"signalbox_session={rig.sessions[role].token.reveal()}",  # type: ignore[index]
        "origin": rig.url,
    }


@pytest.fixture
def made(rig: ApiRig, http: httpx2.Client) -> Any:
    """A webhook, gone afterwards."""
    answer = http.post(CHANNELS, json=HOOK, headers=_headers(rig))
    assert answer.status_code == 200
    yield answer.json()
    http.request("DELETE", f"{CHANNELS}/{answer.json()['channel']['id']}", headers=_headers(rig))


def test_a_channel_is_made_listed_changed_tested_and_removed(
    rig: ApiRig, http: httpx2.Client, made: dict[str, Any]
) -> None:
    id = made["channel"]["id"]
    assert made["secret"] == shown_secret(secret_of(id))
    (listed,) = http.get(CHANNELS, headers=_headers(rig)).json()["channels"]
    assert listed == {"channel": made["channel"], "last": None}
    change = {"target": "https://new.example/in", "version": 1, "kinds": ["overage"], "accountId": "acme"}
    changed = http.put(f"{CHANNELS}/{id}", json=change, headers=_headers(rig)).json()
    assert (changed["target"], changed["kinds"], changed["accountId"], changed["version"]) == (
        "https://new.example/in", ["overage"], "acme", 2,
    )  # fmt: skip
    tested = http.post(f"{CHANNELS}/{id}/test", headers=_headers(rig)).json()
    assert tested == {"delivered": True, "status": 200, "error": ""}
    shown = http.get(f"{CHANNELS}/{id}/secret", headers=_headers(rig))
    assert shown.json() == {"id": id, "secret": made["secret"]}
    assert shown.headers["cache-control"] == "no-store"
    assert http.request("DELETE", f"{CHANNELS}/{id}", headers=_headers(rig)).json() == {"id": id}
    assert http.request("DELETE", f"{CHANNELS}/{id}", headers=_headers(rig)).status_code == 404
    assert http.get(CHANNELS, headers=_headers(rig)).json() == {"channels": []}
    verbs = [each for each in rig.desk.log.verbs if each.startswith("alert_channel.")]
    assert verbs[-5:] == [
        f"alert_channel.{each}" for each in ("made", "changed", "tested", "secret_shown", "removed")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "pigeon"}, "kind"),
        ({"target": "bad"}, "target"),
        ({"target": 5}, "target"),
        ({"kinds": ["party"]}, "kinds[0]"),
        ({"accountId": "nobody"}, "accountId"),
        ({"surprise": 1}, "surprise"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    rig: ApiRig, http: httpx2.Client, change: dict[str, Any], field: str
) -> None:
    answer = http.post(CHANNELS, json={**HOOK, **change}, headers=_headers(rig))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["field"] == field


def test_a_stale_change_is_refused(rig: ApiRig, http: httpx2.Client, made: dict[str, Any]) -> None:
    change = {"target": "https://new.example/in", "version": 7}
    answer = http.put(f"{CHANNELS}/{made['channel']['id']}", json=change, headers=_headers(rig))
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "version")


@pytest.mark.parametrize(
    ("role", "reads", "edits"),
    [("owner", 200, 200), ("admin", 200, 200), ("analyst", 200, 403), ("operator", 403, 403), ("viewer", 403, 403)],
)
def test_analysts_read_and_admins_edit(rig: ApiRig, http: httpx2.Client, role: str, reads: int, edits: int) -> None:
    headers = _headers(rig, role)
    for path in ("/api/admin/alerts", CHANNELS, "/api/admin/alerts/deliveries"):
        assert http.get(path, headers=headers).status_code == reads
    made = http.post(CHANNELS, json=HOOK, headers=headers)
    assert made.status_code == edits
    assert http.get(f"{CHANNELS}/none/secret", headers=headers).status_code == (404 if edits == 200 else edits)
    assert http.post("/api/admin/alerts/deliveries/none/retry", headers=headers).status_code in (404, edits)
    if edits == 200:
        http.request("DELETE", f"{CHANNELS}/{made.json()['channel']['id']}", headers=headers)


def test_a_service_key_has_no_business_here(rig: ApiRig, http: httpx2.Client) -> None:
    assert http.get("/api/admin/alerts", headers=rig.bearer()).status_code == 403
    assert http.post(CHANNELS, json=HOOK, headers=rig.bearer()).status_code == 403


def test_another_origin_changes_nothing(rig: ApiRig, http: httpx2.Client) -> None:
    headers = {**_headers(rig), "origin": "https://evil.example"}
    assert http.post(CHANNELS, json=HOOK, headers=headers).status_code in (401, 403)


def test_the_description_knows_every_path(http: httpx2.Client, rig: ApiRig) -> None:
    described = http.get("/api/openapi.json", headers=_headers(rig)).json()
    paths = described["paths"]
    assert set(paths[CHANNELS]) == {"get", "post"}
    assert set(paths[CHANNELS + "/{id}"]) == {"put", "delete"}
    assert "AlertView" in described["components"]["schemas"]
