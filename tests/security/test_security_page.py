"""``SECURITY.md`` promises nothing that is not tried."""

import ast
import re

from tests.support.source_tree import ROOT, parsed, sources

FLAWS = (
    "CVE-2026-42208", "CVE-2026-47101", "CVE-2026-47102", "CVE-2026-40217", "CVE-2026-35030", "CVE-2026-35029",
    "GHSA-69x8-hrgq-fjj8", "CVE-2026-42271", "CVE-2026-30623", "CVE-2024-6587", "CVE-2024-8984", "CVE-2024-53981",
    "MAL-2026-2144", "CVE-2025-66405", "CVE-2026-41432", "CVE-2026-30886", "CVE-2026-25591", "GHSA-6qcr-qxgr-m7fv",
    "one-api #2388", "new-api #1636", "CVE-2025-3248", "CVE-2026-33017", "CVE-2025-62727", "CVE-2026-48818",
    "CVE-2025-66471", "CVE-2026-21441", "CVE-2026-44432", "CVE-2025-69228", "CVE-2025-69229", "GHSA-h9ww-f95j-h54c",
)  # fmt: skip
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")


def rows() -> list[tuple[str, str]]:
    """Return the flaws of the last table, each with what tries it."""
    table = PAGE[PAGE.index("## What went wrong elsewhere") :]
    cells = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return [(first, last) for first, _, last in cells[1:]]


def test_every_flaw_has_a_row_with_a_test() -> None:
    table = rows()
    assert [flaw for flaw in FLAWS if not any(flaw in first for first, _ in table)] == []
    assert [first for first, tried in table if not re.search(r"`test_\w+`", tried)] == []


def test_every_test_that_the_page_names_is_there() -> None:
    there = {
        node.name
        for path in sources("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 20
    assert sorted(named - there) == []


def test_every_file_that_the_page_links_to_is_there() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
