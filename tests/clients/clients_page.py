"""``docs/clients.md``, whose examples are what the tests run: its blocks of code, and its table of versions."""

import re
from dataclasses import dataclass
from typing import Final

from tests.clients.client_world import Names
from tests.support.source_tree import ROOT

__all__ = ["Example", "examples", "versions"]

PAGE: Final = ROOT / "docs" / "clients.md"
ADDRESS: Final = "http://localhost:8501"
KEY: Final = "sbx_…"
_BLOCK: Final = re.compile(r"^(?:<!-- runs in: (\w+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_ROW: Final = re.compile(r"^\| `([^`]+)` \((Python|npm|command)\)[^|]*\| ([\d.]+) \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code: where it runs (empty where nobody said so), its language, and its text."""

    name: str
    place: str
    language: str
    text: str

    def spelled_for(self, names: Names) -> str:
        """Return the text with the address and the key of a running server."""
        return self.text.replace(ADDRESS, names.base_url).replace(KEY, names.key)


def examples() -> list[Example]:
    """Return every block of code of the page, named after its heading and its place below it."""
    page = PAGE.read_text("utf-8")
    found: list[Example] = []
    for block in _BLOCK.finditer(page):
        heading = _HEADING.findall(page[: block.start()])[-1]
        number = 1 + sum(each.name.startswith(f"{heading} ") for each in found)
        found.append(Example(f"{heading} {number}", block[1] or "", block[2], block[3]))
    return found


def versions() -> dict[tuple[str, str], str]:
    """Return what the page says which version was tried, by (where it comes from, package)."""
    return {(origin, name): version for name, origin, version in _ROW.findall(PAGE.read_text("utf-8"))}
