"""What ``make supply`` finds: licences, files that run by themselves, and known vulnerabilities."""

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from signalbox.supply.installed import Part
from tools.advisories import advisory_findings
from tools.licences import licence_findings
from tools.start_up import start_up_findings

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {"MIT", "Apache-2.0"}


def part(name: str, licence: str | None) -> Part:
    return Part(
        name=name, version="1.0", summary="", licence=licence, requires=(), archive={}, files="", tags=frozenset()
    )


# --- licences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "licence", ["MIT", "MIT OR GPL-3.0-only", "MIT AND Apache-2.0", "(MIT OR GPL-2.0-only) AND MIT"]
)
def test_a_licence_that_is_taken_is_no_finding(licence: str) -> None:
    assert licence_findings([part("a", licence)], ALLOWED, {}) == []


@pytest.mark.parametrize(
    "licence", [None, "GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND GPL-3.0-only", "BUSL-1.1", "LGPL-3.0-only"]
)
def test_an_unknown_licence_and_one_that_is_not_taken_are_found(licence: str | None) -> None:
    (found,) = licence_findings([part("a", licence)], ALLOWED, {})
    assert found.startswith("licences: a 1.0")


def test_an_exception_is_for_one_part_and_one_licence_and_is_found_when_nothing_needs_it() -> None:
    excepted = {"a": "LGPL-3.0-only"}
    assert licence_findings([part("a", "LGPL-3.0-only")], ALLOWED, excepted) == []
    assert len(licence_findings([part("b", "LGPL-3.0-only")], ALLOWED, excepted)) == 2
    assert licence_findings([part("a", "MIT")], ALLOWED, excepted) == ["licences: a needs no exception"]


# --- files that run by themselves ----------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "ours.pth").write_text(f"{ROOT}\n")
    return folder


def test_the_checkouts_own_path_file_is_no_finding(site: Path) -> None:
    assert start_up_findings([site], ["ours.pth"], ROOT) == []


@pytest.mark.parametrize("name", ["litellm_init.pth", "new.start", "sitecustomize.py", "usercustomize.py"])
def test_mal_2026_2144_a_file_that_runs_at_every_start_is_found(site: Path, name: str) -> None:
    (site / name).write_text("import os; os.system('id')\n")
    (found,) = start_up_findings([site, site], ["ours.pth"], ROOT)
    assert name in found


@pytest.mark.parametrize("line", ["import os", "import\tos", "/somewhere/else"])
def test_a_known_path_file_that_does_more_is_found(site: Path, line: str) -> None:
    with (site / "ours.pth").open("a") as file:
        file.write(f"{line}\n")
    (found,) = start_up_findings([site], ["ours.pth"], ROOT)
    assert "does more" in found


# --- vulnerabilities -----------------------------------------------------------------------------------------------


def program(tmp_path: Path, code: int, out: str = "", err: str = "") -> list[str]:
    """Return a command that ends as told."""
    script = tmp_path / "ends.py"
    script.write_text(f"import sys\nsys.stdout.write({out!r})\nsys.stderr.write({err!r})\nsys.exit({code})\n")
    return [sys.executable, str(script)]


CLEAN: dict[str, list[str]] = {"vulnerabilities": [], "adverse_statuses": []}


def test_nothing_known_is_no_finding(tmp_path: Path) -> None:
    assert advisory_findings(program(tmp_path, 0, json.dumps(CLEAN)), tmp_path) == []


def test_a_service_that_cannot_be_reached_is_told_apart_from_nothing_known(tmp_path: Path) -> None:
    away = "error: Request failed after 3 retries\n  cause: error sending request for url (x)"
    assert advisory_findings(program(tmp_path, 2, err=away), tmp_path) is None


@pytest.mark.parametrize(
    ("code", "out", "err"), [(2, "", "error: the lock is stale"), (0, "no JSON", ""), (1, "{}", "")]
)
def test_a_check_that_fails_is_a_finding(tmp_path: Path, code: int, out: str, err: str) -> None:
    found = advisory_findings(program(tmp_path, code, out, err), tmp_path)
    assert found is not None
    assert len(found) == 1


class _Advisories(BaseHTTPRequestHandler):
    """Knows of one vulnerability in one package, in OSV's protocol."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer({"results": [_known(each["package"]["name"]) for each in asked["queries"]]})

    def do_GET(self) -> None:
        when = "2026-01-01T00:00:00Z"
        self._answer({"id": "TEST-2026-1", "modified": when, "published": when, "summary": "loops for ever"})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _known(name: str) -> dict[str, Any]:
    return {"vulns": [{"id": "TEST-2026-1", "modified": "2026-01-01T00:00:00Z"}]} if name == "idna" else {}


@contextmanager
def advisories() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Advisories)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_known_vulnerability_of_a_locked_version_is_found() -> None:
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not Path(uv).exists():
        pytest.skip("the program uv is not here")
    with advisories() as service:
        found = advisory_findings([uv, "audit", "--locked", "--no-dev", "--no-cache"], ROOT, service)
    assert found is not None
    assert [each for each in found if each.startswith("vulnerabilities: idna ") and "TEST-2026-1" in each] == found
    assert len(found) == 1
