"""The house rules that no linter checks."""

import ast
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.support.source_tree import EVERYTHING, PRODUCT, ROOT, imported, named, parsed, sources

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


@dataclass
class Facts:
    """What one reading of a file tells."""

    long_functions: dict[str, int] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)
    prints: list[int] = field(default_factory=list)
    globals: list[int] = field(default_factory=list)


@cache
def facts(path: Path) -> Facts:
    tree, found = parsed(path), Facts()
    found.imported.update(imported(tree))
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    found.long_functions[f"{named(path)}:{node.name}"] = lines
            case ast.Call(func=ast.Name(id="print")):
                found.prints.append(node.lineno)
            case ast.Global():
                found.globals.append(node.lineno)
    return found


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in sources(*EVERYTHING)}
    assert len(lengths) > 50
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    assert [long for path in sources(*EVERYTHING) if (long := facts(path).long_functions)] == []


def test_alembic_is_no_package_that_would_shadow_the_library() -> None:
    assert (ROOT / "alembic").is_dir()
    assert list((ROOT / "alembic").rglob("__init__.py")) == []


def test_tests_are_no_packages_and_have_unique_names() -> None:
    files = sources("tests")
    assert [named(path) for path in files if path.name == "__init__.py"] == []
    tests = [path.name for path in files if path.name.startswith("test_")]
    assert sorted(name for name in set(tests) if tests.count(name) > 1) == []


def test_pages_define_no_class_and_import_only_streamlit_and_the_console() -> None:
    faults = []
    for path in sources("pages"):
        tree = parsed(path)
        faults += [f"{named(path)} defines {node.name}" for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        faults += [f"{named(path)} imports {name}" for name in imported(tree) if name not in {"streamlit", "console"}]
    assert faults == []


@pytest.mark.parametrize("outsider", ["tests", "benchmarks", "pytest", "hypothesis"])
def test_the_product_never_imports_its_tests(outsider: str) -> None:
    assert [named(path) for path in sources(*PRODUCT, "pages") if outsider in facts(path).imported] == []


def test_nothing_prints_but_the_commands() -> None:
    silent = sources(*(set(PRODUCT) - {"signalbox"}), "pages")
    assert {named(path): prints for path in silent if (prints := facts(path).prints)} == {}


def test_nothing_uses_global_state() -> None:
    assert {named(path): lines for path in sources(*PRODUCT, "pages") if (lines := facts(path).globals)} == {}


def test_every_package_named_in_the_project_file_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    named_there = [
        *wheel["packages"],
        *wheel.get("force-include", {}),
        *project["tool"]["mypy"]["packages"],
        *project["tool"]["importlinter"]["root_packages"],
        *project["tool"]["pytest"]["ini_options"]["testpaths"],
    ]
    assert sorted({name for name in named_there if not (ROOT / name).exists()}) == []
