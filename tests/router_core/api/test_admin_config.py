"""The configuration over HTTP: documents, versions, drafts and rows, and what is refused."""

import copy
from typing import Any

import httpx2
import pytest

from tests.support.api_server import ApiRig

HEADS = frozenset({"owner", "admin"})
FIRST, SECOND = "openai-gpt4o-mini", "openai-gpt4o"


class Admin:
    """Sends requests with the admin key."""

    def __init__(self, rig: ApiRig, http: httpx2.Client) -> None:
        self._http = http
        self._head = {"x-api-key": rig.admin.reveal()}

    def __call__(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        return self._http.request(method, f"/api/admin/{path}", json=body, headers=self._head)

    def document(self) -> dict[str, Any]:
        """Return the document in force."""
        found: dict[str, Any] = copy.deepcopy(self("GET", "config").json()["document"])
        return found

    def revision(self) -> int:
        """Return the newest version."""
        found: int = self("GET", "config").json()["version"]["revision"]
        return found


@pytest.fixture
def admin(rig: ApiRig, http: httpx2.Client) -> Admin:
    return Admin(rig, http)


def test_a_document_goes_round_and_changes_nothing(admin: Admin) -> None:
    found = admin("GET", "config").json()
    answer = admin("POST", "config/apply", {"document": found["document"], "base": found["revision"]})
    assert (answer.status_code, answer.json()["changed"]) == (200, False)
    assert found["serving"] == found["revision"]


def test_a_change_is_reviewed_applied_listed_compared_and_rolled_back(admin: Admin) -> None:
    before, document = admin.revision(), admin.document()
    document["providers"][0]["weight"] = 41
    review = admin("POST", "config/validate", {"document": document}).json()
    assert review["valid"]
    assert review["changes"] == [{"path": f"providers[{FIRST}].weight", "kind": "changed", "old": 100, "new": 41}]
    applied = admin("POST", "config/apply", {"document": document, "base": before, "note": "autumn"}).json()
    assert applied["changed"]
    lines = admin("GET", "config/versions?limit=1").json()
    assert (lines["versions"][0]["note"], lines["versions"][0]["base"]) == ("autumn", before)
    assert lines["next"] == applied["revision"]
    diff = admin("GET", f"config/versions/{before}/diff?against={applied['revision']}").json()
    assert [each["path"] for each in diff["changes"]] == [f"providers[{FIRST}].weight"]
    back = admin("POST", f"config/versions/{before}/rollback", {}).json()
    version = admin("GET", f"config/versions/{back['revision']}").json()
    assert (version["restored"], version["document"]["providers"][0]["weight"]) == (before, 100)


def test_all_faults_of_a_document_are_in_the_answer(admin: Admin) -> None:
    document = admin.document()
    document["providers"][0]["weight"] = "heavy"
    document["colour"] = 1
    answer = admin("POST", "config/apply", {"document": document})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert {each["path"] for each in answer.json()["error"]["faults"]} == {"colour", f"providers[{FIRST}].weight"}
    assert not admin("POST", "config/validate", {"document": document}).json()["valid"]


def test_a_change_made_from_an_older_version_is_a_conflict_that_says_who_and_what(admin: Admin) -> None:
    before, document = admin.revision(), admin.document()
    admin("PUT", "config/flags", {"flags": {"openai": False}})
    document["providers"][0]["weight"] = 42
    answer = admin("POST", "config/apply", {"document": document, "base": before})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (409, "CONFLICT", False)
    assert (error["changedBy"], error["changes"]) == ("acme admin", ["flags.openai"])
    admin("PUT", "config/flags", {"flags": {"openai": True}})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "config/versions/999999"),
        ("GET", "config/versions/0"),
        ("GET", "config/versions/1/diff?against=99999"),
        ("GET", "config/versions/99999/diff"),
        ("POST", "config/versions/99999/rollback"),
    ],
)
def test_a_revision_that_does_not_exist_is_not_found(admin: Admin, method: str, path: str) -> None:
    answer = admin(method, path, {} if method == "POST" else None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_base_that_is_not_of_this_store_is_a_conflict_and_a_negative_one_a_fault(admin: Admin) -> None:
    before, document = admin.revision(), admin.document()
    document["providers"][0]["weight"] = 44
    order = {"document": document, "base": 999_999}
    for method, path in (("POST", "config/apply"), ("PUT", "config/draft")):
        answer = admin(method, path, order)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
        assert "not one of this store" in answer.json()["error"]["message"]
        assert admin(method, path, {**order, "base": -1}).json()["error"]["field"] == "base"
    assert admin.revision() == before


def test_a_row_is_added_read_changed_and_deleted(admin: Admin) -> None:
    entry = {"name": "own.one", "kind": "openai", "model": "gpt-4o", "useCases": [], "maxTokens": 5, "contextWindow": 9}
    assert admin("POST", "providers", entry).status_code == 201
    assert admin("POST", "providers", entry).status_code == 409
    row = admin("GET", "providers/own.one").json()
    assert row["key"] == {"source": "environment", "mask": "***", "stored": 0, "notices": []}
    changed = admin("PUT", "providers/own.one", {**row, "weight": 3, "note": "lighter"}).json()
    assert [each["path"] for each in changed["changes"]] == ["providers[own.one].weight"]
    assert admin("PUT", "providers/own.one", {**row, "weight": 4}).json()["error"]["code"] == "CONFLICT"
    assert admin("PUT", "providers/own.one", entry).json()["error"]["field"] == "version"
    assert admin("DELETE", "providers/own.one?version=1").status_code == 409
    assert admin("DELETE", "providers/own.one?version=2").status_code == 200
    assert admin("GET", "providers/own.one").status_code == 404
    assert [each["name"] for each in admin("GET", "providers").json()["providers"]][:2] == [FIRST, SECOND]


def test_a_draft_is_the_callers_own_until_it_is_applied_or_dropped(admin: Admin) -> None:
    base, document = admin.revision(), admin.document()
    assert admin("GET", "config/draft").json() == {"draft": None}
    document["providers"][0]["weight"] = -1
    kept = admin("PUT", "config/draft", {"document": document, "base": base}).json()["draft"]
    assert not kept["review"]["valid"]
    assert admin("GET", "config/draft").json()["draft"] == kept
    assert admin("POST", "config/draft/apply", {}).status_code == 400
    document["providers"][0]["weight"] = 43
    admin("PUT", "config/draft", {"document": document, "base": base})
    assert admin("POST", "config/draft/apply", {"note": "mine"}).json()["changed"]
    assert admin("GET", "config/draft").json() == {"draft": None}
    assert admin("DELETE", "config/draft").json() == {"dropped": False}


def test_a_connection_is_tested(admin: Admin) -> None:
    assert admin("POST", f"providers/{SECOND}/test").json() == {
        "provider": SECOND, "ok": True, "latencyMs": 12.5, "error": None,
    }  # fmt: skip
    row = admin("GET", f"providers/{SECOND}").json()
    away = admin("POST", "config/test", {**row, "baseUrl": "http://127.0.0.1:1/v1"})
    assert away.json()["error"]["faults"][0]["path"] == f"providers[{SECOND}].baseUrl"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "config/apply", {"document": []}),
        ("POST", "config/apply", {"dokument": {}}),
        ("PUT", "config/flags", {"flags": {"all": True}}),
        ("PUT", "config/draft", {"document": {}}),
        ("GET", "config/versions?limit=0", None),
        ("GET", "config/versions?before=yesterday", None),
        ("GET", "config/versions?before=", None),
        ("GET", "config/versions/1/diff?against=", None),
        ("GET", "config/versions/newest", None),
        ("GET", "config/versions/1/diff?against=-1", None),
        ("DELETE", f"providers/{SECOND}", None),
        ("POST", "providers", {"note": 1}),
        ("POST", "providers?note=x", {}),
        ("GET", f"providers/{SECOND}?nope=1", None),
        ("PUT", f"providers/{SECOND}?version=1", {"version": 1}),
        ("POST", f"providers/{SECOND}/test?nope=1", {}),
        ("POST", "config/test?nope=1", {}),
        ("POST", "config/apply?base=1", {"document": {}}),
        ("POST", "config/validate?nope=1", {"document": {}}),
        ("PUT", "config/flags?nope=1", {"flags": {}}),
        ("GET", "config/versions/1?nope=1", None),
        ("POST", "config/versions/1/rollback?base=1", {}),
        ("GET", "config/draft?nope=1", None),
        ("PUT", "config/draft?nope=1", {"document": {}, "base": 1}),
        ("DELETE", "config/draft?nope=1", None),
        ("POST", "config/draft/apply?nope=1", {}),
    ],
)
def test_bad_input_is_a_fault_of_the_caller(admin: Admin, method: str, path: str, body: Any) -> None:
    answer = admin(method, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("role", sorted({"owner", "admin", "operator", "analyst", "prompt_engineer", "viewer"}))
def test_only_heads_get_at_the_configuration(rig: ApiRig, http: httpx2.Client, role: Any) -> None:
    head = {"cookie": f"signalbox_session={rig.sessions[role].token.reveal()}"}
    for path in ("config", "providers", "config/versions", "config/draft"):
        status = http.get(f"/api/admin/{path}", headers=head).status_code
        assert status == (200 if role in HEADS else 403)
