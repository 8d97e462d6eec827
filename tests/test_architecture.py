"""The house rules that no linter checks."""

import ast
import tomllib

import pytest

from tests.support.source_tree import EVERYTHING, PRODUCT, ROOT, imported, named, parsed, sources

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in sources(*EVERYTHING)}
    assert len(lengths) > 50
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = {}
    for path in sources(*EVERYTHING):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long[f"{named(path)}:{node.name}"] = lines
    assert long == {}


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
    assert [named(path) for path in sources(*PRODUCT, "pages") if outsider in imported(parsed(path))] == []


def test_nothing_prints_but_the_commands() -> None:
    printing = [
        f"{named(path)}:{node.lineno}"
        for path in sources(*(set(PRODUCT) - {"signalbox"}), "pages")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_nothing_uses_global_state() -> None:
    stateful = [
        f"{named(path)}:{node.lineno}"
        for path in sources(*PRODUCT, "pages")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Global)
    ]
    assert stateful == []


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
