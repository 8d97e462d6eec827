"""Every example of ``docs/clients.md`` runs, and its versions are those that the tests run."""

import io
import json
import os
import re
import subprocess
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.clients.client_world import Names
from tests.clients.clients_page import Example, examples, versions
from tests.clients.foreign import NODE_FOLDER, require
from tests.support.demo_process import clean_environment
from tests.support.source_tree import ROOT

PLACES = {"ours", "node", "agents", "instructor", "llm"}


def of(*places: str) -> pytest.MarkDecorator:
    """Parametrise by the examples that run in ``places``."""
    found = [each for each in examples() if each.place in places]
    return pytest.mark.parametrize("example", found, ids=[each.name for each in found])


def test_every_example_says_where_it_runs() -> None:
    assert {each.name: each.place for each in examples() if each.place not in PLACES} == {}
    assert {each.place for each in examples()} == PLACES


def test_the_versions_are_those_that_run_here() -> None:
    locked = {("npm", name): each["version"] for name, each in _npm().items()}
    for folder in (ROOT / "tests" / "clients" / "python").glob("*/uv.lock"):
        locked |= {("Python", name): version for name, version in _locked(folder).items()}
        locked |= {("command", name): version for name, version in _locked(folder).items()}
    locked |= {("Python", name): version for name, version in _locked(ROOT / "uv.lock").items()}
    told = versions()
    assert len(told) == 13
    assert told == {each: locked[each] for each in told}


def _locked(path: Path) -> dict[str, str]:
    """Return the version of each package; a lock is large, and read as TOML it takes a second."""
    return dict(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', path.read_text("utf-8"), re.MULTILINE))


def _npm() -> dict[str, Any]:
    lock = json.loads((NODE_FOLDER / "package-lock.json").read_text("utf-8"))
    return {path.removeprefix("node_modules/"): each for path, each in lock["packages"].items() if path}


@of("ours")
def test_an_example_in_python(example: Example, names: Names) -> None:
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(example.spelled_for(names), example.name, "exec"), {"__name__": "example"})
    assert said.getvalue().strip()


@of("node")
def test_an_example_in_javascript(example: Example, node_report: dict[str, Any]) -> None:
    _succeeded(node_report, example)


@of("agents")
def test_an_example_of_agents(example: Example, agents_report: dict[str, Any]) -> None:
    _succeeded(agents_report, example)


@of("instructor")
def test_an_example_of_instructor(example: Example, instructor_report: dict[str, Any]) -> None:
    _succeeded(instructor_report, example)


def _succeeded(report: dict[str, Any], example: Example) -> None:
    found = report[f"page: {example.name}"]
    assert "failed" not in found, found["failed"]
    assert found["said"].strip()


def test_the_llm_command_as_the_page_has_it(names: Names, tmp_path: Path) -> None:
    [settings, commands] = [each.spelled_for(names) for each in examples() if each.place == "llm"]
    (tmp_path / "extra-openai-models.yaml").write_text(settings)
    (tmp_path / "logs-off").touch()  # it would make a database first
    programs = Path(require("agents")[0]).parent
    environment = clean_environment(LLM_USER_PATH=str(tmp_path), PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(["bash", "-euc", commands], env=environment, capture_output=True, text=True, timeout=120,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 20
