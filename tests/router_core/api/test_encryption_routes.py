"""Keys and stored secrets over HTTP: seen and rotated by heads alone, one rotation at a time."""

import httpx2
import pytest

from tests.support.api_server import ApiRig

PATH = "/api/admin/encryption"


def headers(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


def test_a_head_sees_how_the_keys_stand_and_no_key(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.get(PATH, headers=headers(rig))
    found = answer.json()
    assert (answer.status_code, found["state"], found["total"], found["due"]) == (200, "settled", 0, False)
    assert {each["version"] for each in found["keys"] if each["state"] == "primary"}
    assert set(found["keys"][0]) == {"version", "state", "createdAt", "promotedAt", "retiredAt", "secrets"}


def test_a_rotation_is_begun_and_is_on_record(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post(f"{PATH}/rotate", headers=headers(rig))
    assert answer.status_code == 200
    acts = http.get("/api/admin/actions", headers=headers(rig)).json()["actions"]
    assert "encryption.rotation_begun" in {each["action"] for each in acts}


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", f"{PATH}/rotate")])
def test_nobody_else_may(rig: ApiRig, http: httpx2.Client, method: str, path: str) -> None:
    assert http.request(method, path, headers={"x-api-key": rig.service.reveal()}).status_code == 403
    assert http.request(method, path).status_code == 401
