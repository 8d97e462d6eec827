"""The lock files admit nothing that is not pinned by a digest, and are those that belong to the project files."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "tests" / "clients"


@pytest.fixture(
    scope="module",
    params=[ROOT, *sorted(path.parent for path in CLIENTS.glob("python/*/uv.lock"))],
    ids=lambda folder: folder.name if folder != ROOT else "signalbox",
)
def folder(request: pytest.FixtureRequest) -> Path:
    """A folder with a project file and its lock."""
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def lock(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "uv.lock").read_text("utf-8"))


@pytest.fixture(scope="module")
def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


def own(lock: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in lock["package"] if "registry" not in each["source"])
    return found


def test_every_archive_in_the_lock_has_its_digest(lock: dict[str, Any]) -> None:
    others = [each for each in lock["package"] if each is not own(lock)]
    archives = {
        each["name"]: [*each.get("wheels", ()), *([each["sdist"]] if "sdist" in each else ())] for each in others
    }
    assert len(archives) > 20
    assert [name for name, found in archives.items() if not found] == []
    plain = [
        archive.get("url", name)
        for name, found in archives.items()
        for archive in found
        if not archive.get("hash", "").startswith("sha256:") or len(archive["hash"]) != len("sha256:") + 64
    ]
    assert plain == []


def test_everything_in_the_lock_comes_from_the_one_index(lock: dict[str, Any]) -> None:
    sources = [each["source"] for each in lock["package"] if each is not own(lock)]
    assert all(set(each) == {"registry"} and each["registry"].startswith("https://") for each in sources)
    assert len({each["registry"] for each in sources}) == 1


def spelled(name: str, specifier: str, extras: tuple[str, ...] = (), extra: str = "") -> str:
    """Return a requirement in one spelling."""
    return f"{canonicalize_name(name)}[{','.join(sorted(extras))}]{Requirement(f'x{specifier}').specifier}{extra}"


def stated(lines: list[str], extra: str = "") -> set[str]:
    found = [Requirement(line) for line in lines]
    return {spelled(each.name, str(each.specifier), tuple(each.extras), extra) for each in found}


def locked(lines: list[dict[str, Any]]) -> set[str]:
    return {
        spelled(each["name"], each.get("specifier", ""), tuple(each.get("extras", ())), _extra(each.get("marker", "")))
        for each in lines
    }


def _extra(marker: str) -> str:
    return f" of {marker.rpartition('==')[2].strip().strip(chr(39))}" if "extra" in marker else ""


def test_lock_and_project_file_ask_for_the_same(lock: dict[str, Any], project: dict[str, Any]) -> None:
    told = own(lock)["metadata"]
    wanted = stated(project["project"]["dependencies"])
    for extra, lines in project["project"].get("optional-dependencies", {}).items():
        wanted |= stated(lines, f" of {extra}")
    assert locked(told["requires-dist"]) == wanted
    groups = project.get("dependency-groups", {})
    assert {name: locked(lines) for name, lines in told.get("requires-dev", {}).items()} == {
        name: stated(lines) for name, lines in groups.items()
    }
    assert lock["requires-python"] == project["project"]["requires-python"]


def test_the_lock_of_npm_names_a_digest_for_every_archive_and_no_registry() -> None:
    lock = json.loads((CLIENTS / "node" / "package-lock.json").read_text("utf-8"))
    archives = {path: each for path, each in lock["packages"].items() if path}
    assert len(archives) > 20
    assert [path for path, each in archives.items() if not each["integrity"].startswith("sha512-")] == []
    assert [path for path, each in archives.items() if "resolved" in each] == []
    project = json.loads((CLIENTS / "node" / "package.json").read_text("utf-8"))
    assert lock["packages"][""]["dependencies"] == project["dependencies"]
