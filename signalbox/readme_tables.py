"""Writes the README's generated tables: ``python -m signalbox.readme_tables README.md``."""

import re
import sys
from pathlib import Path

from router_core.api.error_kinds import error_kinds
from signalbox.settings_table import markdown_table

__all__ = ["error_table", "with_tables"]


def error_table() -> str:
    """Return the table of all error codes in Markdown, by status, then code."""
    lines = [
        f"| `{each.code}` | {each.status} | {'yes' if each.retryable else 'no'} | {each.when} |"
        for each in error_kinds()
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


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")
