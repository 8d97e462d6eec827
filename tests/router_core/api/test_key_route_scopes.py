"""Keys that are limited to some paths: the matrix of paths, methods and forms of the same path."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest
from msgspec import structs

from router_core.api.app import KEY_ROUTES, PATHS, SIGN_IN
from router_core.clock import SystemClock
from router_core.security.api_keys import new_api_key
from router_core.security.permissions import PUBLIC, allows
from router_core.types import KeyRole, KeyScopes, Principal
from tests.support.api_server import PEPPER, ApiRig

REFUSED = "This API key may not use this path"


def limited(rig: ApiRig, *routes: str, role: KeyRole = "admin") -> dict[str, str]:
    """Return the headers of a new key that is limited to ``routes``."""
    made = new_api_key(
        PEPPER, SystemClock(), account_id="acme", role=role, name="limited", scopes=KeyScopes(routes=routes)
    )
    asyncio.run(rig.keys.create(made.record))
    return {"x-api-key": made.key.reveal()}


def filled(template: str) -> str:
    """Return a path of the template."""
    return template.replace("{", "").replace("}", "")


def guarded() -> Iterator[tuple[str, str, str]]:
    """Yield every path, method and permission of the table for which a key may have the right."""
    for path, actions in PATHS.items():
        for method, action in actions.items():
            if action.permission not in (PUBLIC, "console.use"):
                yield path, method, action.permission


def test_a_key_without_any_path_reaches_none_whatever_its_role_may(rig: ApiRig, http: httpx2.Client) -> None:
    headers, seen = limited(rig), 0
    holder = Principal(kind="key", id="k", name="k", role="admin", accounts=("acme",), scopes=KeyScopes(routes=()))
    for path, method, permission in guarded():
        answer = http.request(method, filled(path), headers=headers)
        assert answer.status_code == 403, (path, method)
        assert (answer.json()["error"]["message"] == REFUSED) is allows(holder, permission), (path, method)
        seen += 1
    assert seen > 90


def test_a_key_reaches_its_own_paths_and_no_other(rig: ApiRig, http: httpx2.Client) -> None:
    mine = "/api/admin/limits/{account}"
    headers = limited(rig, mine)
    assert http.get("/api/admin/limits/acme", headers=headers).status_code == 200
    assert http.get("/api/admin/limits/%61cme", headers=headers).status_code == 200
    for other in ("/api/admin/limits", "/api/admin/limits/keys/acme", "/api/admin/limits/acme/reset"):
        answer = http.get(other, headers=headers)
        assert answer.status_code in (403, 405), other
    assert http.post("/api/admin/limits/acme/reset", headers=headers).status_code == 403


def test_every_method_of_a_path_is_in_its_scope_head_too(rig: ApiRig, http: httpx2.Client) -> None:
    inside, outside = limited(rig, "/api/admin/limits"), limited(rig, "/api/admin/drills")
    for method in ("GET", "HEAD"):
        assert http.request(method, "/api/admin/limits", headers=inside).status_code == 200
        assert http.request(method, "/api/admin/limits", headers=outside).status_code == 403


@pytest.mark.parametrize(
    "form", ["/api/llm/", "//api/llm", "/api//llm", "/API/LLM", "/api/llm%2F", "/api/admin/../llm", "/api/llm;x"]
)
def test_no_form_of_a_path_goes_around_the_scope(rig: ApiRig, http: httpx2.Client, form: str) -> None:
    answer = http.post(form, json={"prompt": "x"}, headers=limited(rig, "/api/llm/route", role="service"))
    assert answer.status_code in (403, 404)
    assert rig.router.requests == []


def test_a_service_key_may_be_for_dry_runs_alone(rig: ApiRig, http: httpx2.Client) -> None:
    headers = limited(rig, "/api/llm/route", role="service")
    assert http.post("/api/llm/route", json={"prompt": "x"}, headers=headers).status_code == 200
    assert http.post("/api/llm", json={"prompt": "x"}, headers=headers).status_code == 403
    assert len(rig.router.requests) == 1


def test_a_path_does_not_widen_a_role(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.get("/api/admin/limits", headers=limited(rig, "/api/admin/limits", role="service"))
    assert answer.json()["error"]["message"] == "Your role does not allow this"


def test_what_is_public_stays_public_for_limited_keys(rig: ApiRig, http: httpx2.Client) -> None:
    for path in ("/api/llm/health", "/livez", "/readyz", "/api/openapi.json", "/api/docs"):
        assert http.get(path, headers=limited(rig)).status_code in (200, 503), path


def test_the_calls_of_consoles_are_for_people_and_in_no_scope(rig: ApiRig, http: httpx2.Client) -> None:
    assert not [path for path in KEY_ROUTES if path.startswith("/api/console")]
    answer = http.post("/api/console/calls/overview", json={}, headers=limited(rig, "/api/console/calls/{call}"))
    assert answer.status_code == 403


def test_everything_else_with_a_permission_can_be_in_a_scope() -> None:
    assert {path for path, _, _ in guarded()} | {"/metrics", SIGN_IN} == KEY_ROUTES


def test_a_limited_key_makes_no_people() -> None:
    key = Principal(kind="key", id="k", name="k", role="admin", accounts=("acme",))
    for scopes in (KeyScopes(models=("gpt-4o",)), KeyScopes(use_cases=("draft",)), KeyScopes(routes=())):
        assert not allows(structs.replace(key, scopes=scopes), "users.edit")
    assert allows(key, "users.edit")
