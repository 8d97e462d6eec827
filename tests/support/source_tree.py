"""The source files of this project, for tests that read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["EVERYTHING", "PRODUCT", "ROOT", "imported", "named", "parsed", "sources"]

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("router_core", "db", "signalbox", "console", "simulator")
EVERYTHING = (*PRODUCT, "pages", "alembic", "benchmarks", "tools", "tests")


def sources(*folders: str) -> list[Path]:
    """Return the Python files below ``folders``, and ``app.py`` with the product."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return found + [
        path for path in (ROOT / "app.py", ROOT / "console_alone.py") if path.exists() and "router_core" in folders
    ]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level package of every absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.split(".")[0]
