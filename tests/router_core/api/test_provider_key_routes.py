"""Keys of providers over HTTP: entered, replaced, put aside and deleted by heads alone, and never told."""

from typing import Any

import httpx2
import pytest

from router_core.types import ProviderKey, Secret
from tests.support.api_server import ApiRig

NAME = "openai-gpt4o-mini"
PATH = f"/api/admin/providers/{NAME}/keys"
KEY, MASK = "sk-live-0123456789abcdefWXYZ", "sk-li...WXYZ"
OTHER, OTHER_MASK = "sk-next-0123456789abcdefQRST", "sk-ne...QRST"


@pytest.fixture(autouse=True)
def no_keys(rig: ApiRig) -> None:
    """Each test begins without stored keys and without anything on record."""
    rig.configuration.store.swap_keys([])
    rig.desk.log.taken.clear()


def headers(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


def held(rig: ApiRig) -> tuple[ProviderKey, ...]:
    return rig.configuration.store.snapshot().provider_keys.get(f"id-{NAME}", ())


def put(rig: ApiRig, http: httpx2.Client, key: str = KEY, **body: Any) -> dict[str, Any]:
    answer = http.post(PATH, headers=headers(rig), json={"key": key, **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_key_is_stored_sealed_and_only_its_mask_is_told(rig: ApiRig, http: httpx2.Client) -> None:
    made = put(rig, http, label="billing", weight=30)
    assert (made["mask"], made["label"], made["weight"], made["state"]) == (MASK, "billing", 30, "ready")
    listed = http.get(PATH, headers=headers(rig))
    assert [each["id"] for each in listed.json()["keys"]] == [made["id"]]
    assert KEY not in listed.text
    (stored,) = held(rig)
    assert KEY.encode() not in stored.secret.sealed
    row = http.get(f"/api/admin/providers/{NAME}", headers=headers(rig)).json()
    assert row["key"]["stored"] == 1
    for path in ("/api/admin/config", "/api/admin/config/versions/1"):
        told = http.get(path, headers=headers(rig)).text
        assert MASK not in told
        assert "sealed" not in told


def test_a_key_is_replaced_changed_and_deleted_each_on_record(rig: ApiRig, http: httpx2.Client) -> None:
    made = put(rig, http)
    one = f"{PATH}/{made['id']}"
    changed = http.put(one, headers=headers(rig), json={"active": False, "weight": 5}).json()
    assert (changed["isActive"], changed["state"], changed["weight"], changed["mask"]) == (False, "disabled", 5, MASK)
    replaced = http.put(one, headers=headers(rig), json={"key": OTHER, "active": True}).json()
    assert (replaced["mask"], replaced["state"], replaced["weight"]) == (OTHER_MASK, "ready", 5)
    assert http.delete(one, headers=headers(rig)).json()["mask"] == OTHER_MASK
    assert held(rig) == ()
    acts = [each for each in rig.desk.log.taken if each.action.startswith("provider_key.")]
    assert [each.action.partition(".")[2] for each in acts] == ["added", "changed", "replaced", "deleted"]
    assert {each.target for each in acts} == {NAME}
    assert (acts[2].before, acts[2].after) == ({"active": False, "mask": MASK}, {"active": True, "mask": OTHER_MASK})
    assert KEY not in str(acts)
    assert OTHER not in str(acts)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "key"), ({"key": ""}, "key"), ({"key": " \n "}, "key"), ({"key": "sk-a\nb-0123456789"}, "key"),
        ({"key": "sk-a b-0123456789"}, "key"), ({"key": "k" * 10_240}, "key"), ({"key": MASK}, "key"),
        ({"key": "***"}, "key"), ({"key": "sk-••••••••cdef"}, "key"), ({"key": "sk-schlüssel-0123456789"}, "key"),
        ({"key": "sbx_0123456789abcdef"}, "key"), ({"key": 7}, "key"), ({"key": None}, "key"),
        ({"key": KEY, "weight": 0}, "weight"), ({"key": KEY, "weight": 10_001}, "weight"),
        ({"key": KEY, "weight": True}, "weight"), ({"key": KEY, "label": "x" * 61}, "label"),
        ({"key": KEY, "label": "two\nlines"}, "label"), ({"key": KEY, "sealed": "x"}, "sealed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_never_told_back(
    rig: ApiRig, http: httpx2.Client, body: dict[str, Any], field: str
) -> None:
    answer = http.post(PATH, headers=headers(rig), json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "VALIDATION_ERROR", field)
    for value in body.values():
        assert len(str(value)) < 5 or str(value) not in answer.text
    assert held(rig) == ()


@pytest.mark.parametrize("around", ["  {}", "{}\n", "\t{}\r\n"])
def test_blanks_around_a_key_are_left_out(rig: ApiRig, http: httpx2.Client, around: str) -> None:
    put(rig, http, around.format(KEY))
    row = rig.configuration.store.snapshot().by_name[NAME]
    assert rig.configuration.source.keys_for(row)[-1].secret == Secret(KEY)


def test_a_mask_never_takes_the_place_of_a_key(rig: ApiRig, http: httpx2.Client) -> None:
    made = put(rig, http)
    before = held(rig)
    answer = http.put(f"{PATH}/{made['id']}", headers=headers(rig), json={"key": made["mask"]})
    assert answer.status_code == 400
    assert held(rig) == before


def test_a_label_holds_no_key(rig: ApiRig, http: httpx2.Client) -> None:
    assert "0123456789" not in put(rig, http, label="sk-proj-0123456789abcdef0123")["label"]


def test_a_provider_has_so_many_keys_at_most(rig: ApiRig, http: httpx2.Client) -> None:
    for number in range(20):
        put(rig, http, f"sk-number-{number}-0123456789")
    answer = http.post(PATH, headers=headers(rig), json={"key": KEY})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "key")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/admin/providers/none/keys"), ("POST", "/api/admin/providers/none/keys"),
        ("PUT", f"{PATH}/none"), ("DELETE", f"{PATH}/none"), ("DELETE", "/api/admin/providers/openai-gpt4o/keys/{id}"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_not_found(rig: ApiRig, http: httpx2.Client, method: str, path: str) -> None:
    made = put(rig, http)
    body = {"POST": {"key": KEY}, "PUT": {"weight": 1}}.get(method)
    answer = http.request(method, path.format(id=made["id"]), headers=headers(rig), json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert len(held(rig)) == 1
