"""Prints the README's table of variables: ``python -m signalbox.settings_table``."""

import sys

from signalbox.variables import VARIABLES, Variable

__all__ = ["markdown_table"]


def markdown_table() -> str:
    """Return the table of all variables in Markdown."""
    return "\n".join(["| variable | meaning | default |", "|---|---|---|", *map(_line, VARIABLES)]) + "\n"


def _line(variable: Variable) -> str:
    alias = f" (alias `{variable.alias}`)" if variable.alias else ""
    return f"| `{variable.name}`{alias} | {variable.meaning} | {variable.shown} |"


if __name__ == "__main__":
    sys.stdout.write(markdown_table())
