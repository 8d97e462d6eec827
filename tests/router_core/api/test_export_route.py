"""Exports over real HTTP: as a file, on record before the first byte, stopped when nobody reads."""

import httpx2
import pytest

from tests.support.api_server import ApiRig


@pytest.fixture(autouse=True)
def _fresh(rig: ApiRig) -> None:
    rig.audit.__init__()  # type: ignore[misc]
    rig.exporter.pieces = 3
    rig.exporter.asked.clear()
    rig.desk.log.down = False


def _as(rig: ApiRig, role: str) -> dict[str, str]:
    return {"cookie": f"signalbox_session={rig.sessions[role].token.reveal()}"}  # type: ignore[index]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_an_export_is_a_download_and_on_record(rig: ApiRig, http: httpx2.Client, form: str) -> None:
    answer = http.get(f"/api/admin/audit/export?format={form}&model=gpt-4o", headers=_as(rig, "analyst"))
    assert answer.status_code == 200
    assert answer.content == b"piece 2\npiece 1\npiece 0\n"
    assert answer.headers["content-disposition"] == f'attachment; filename="signalbox-audit.{form}"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    wanted, asked = rig.exporter.asked[-1]
    assert (wanted.accounts, wanted.model, asked) == (("acme",), "gpt-4o", form)
    act = rig.desk.log.taken[-1]
    assert (act.action, act.detail["format"], act.detail["model"]) == ("audit.export", form, "gpt-4o")
    assert rig.exporter.cancelled.wait(5)


def test_nothing_leaves_that_is_not_on_record(rig: ApiRig, http: httpx2.Client) -> None:
    rig.desk.log.down = True
    assert http.get("/api/admin/audit/export", headers=_as(rig, "admin")).status_code == 503
    assert rig.exporter.asked == []


@pytest.mark.parametrize(
    ("role", "query", "status"),
    [
        ("viewer", "", 403),
        ("operator", "", 403),
        ("analyst", "?account=other", 403),
        ("analyst", "?format=xlsx", 400),
        ("analyst", "?limit=5", 400),
        ("admin", "?account=other", 200),
    ],
)
def test_who_may_export_what(rig: ApiRig, http: httpx2.Client, role: str, query: str, status: int) -> None:
    assert http.get(f"/api/admin/audit/export{query}", headers=_as(rig, role)).status_code == status


def test_a_reader_that_leaves_stops_the_query(rig: ApiRig, http: httpx2.Client) -> None:
    rig.exporter.pieces = None
    with http.stream("GET", "/api/admin/audit/export", headers=_as(rig, "admin")) as answer:
        assert next(answer.iter_bytes()) != b""
        assert not rig.exporter.cancelled.is_set()
    assert rig.exporter.cancelled.wait(5)
