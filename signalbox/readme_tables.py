"""Writes the README's generated tables: ``python -m signalbox.readme_tables README.md``."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from router_core.api import console  # noqa: F401 - brings a refusal of its own
from router_core.errors import LLMError
from signalbox.settings_table import markdown_table

__all__ = ["error_table", "with_tables"]


def error_table() -> str:
    """Return the table of all error codes in Markdown, by status, then code."""
    rows: dict[str, type[LLMError]] = {}
    for each in _classes(LLMError):
        rows.setdefault(each.code, each)
    lines = [
        f"| `{each.code}` | {each.status_code} | {'yes' if each.retryable else 'no'} | {_first_sentence(each)} |"
        for each in sorted(rows.values(), key=lambda each: (each.status_code, each.code))
    ]
    return "\n".join(["| code | status | retryable | when |", "|---|---|---|---|", *lines]) + "\n"


def with_tables(text: str) -> str:
    """Return ``text`` with both tables between their markers made anew. Raises ``ValueError`` without markers."""
    for name, table in (("settings", markdown_table()), ("errors", error_table())):
        text, found = re.subn(
            rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)",
            lambda match, table=table: f"{match[1]}{table}{match[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
        if found != 1:
            raise ValueError(f"the markers of the {name} table are missing")
    return text


def _classes(root: type[LLMError]) -> Iterator[type[LLMError]]:
    """Yield the classes below ``root`` that stand for a code of their own."""
    for each in root.__subclasses__():
        if "code" in vars(each) or each.code != root.code or not each.__subclasses__():
            yield each
        yield from _classes(each)


def _first_sentence(error: type[LLMError]) -> str:
    line = (error.__doc__ or "").split("\n", 1)[0]
    return re.split(r"[.;](?: |$)", line)[0].replace("``", "`")


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")
