"""The README's tables say what the code says."""

import re
from pathlib import Path

from router_core.errors import ContextTooLongError, PaymentRequiredError
from signalbox.cli import app
from signalbox.readme_tables import error_table, with_tables
from signalbox.variables import VARIABLES

README = Path(__file__).parents[2] / "README.md"


def test_readme_holds_the_generated_tables():
    """``python -m signalbox.readme_tables README.md`` would change nothing."""
    text = README.read_text(encoding="utf-8")
    assert with_tables(text) == text


def test_every_variable_stands_in_the_readme():
    """A setting that the table forgets cannot be found by anyone."""
    text = README.read_text(encoding="utf-8")
    assert [each.name for each in VARIABLES if f"`{each.name}`" not in text] == []


def test_every_command_stands_in_the_readme():
    """What a user may type is found without asking the program."""
    text = README.read_text(encoding="utf-8")
    table = text[text.index("## Commands") : text.index("## Settings")]
    named = set(re.findall(r"`(?:signalbox )?([a-z-]+)", table))
    commands = {each.name or each.callback.__name__ for each in app.registered_commands if each.callback}
    assert "serve" in commands
    assert commands | {each.name for each in app.registered_groups} <= named


def test_each_error_code_stands_once_in_the_table():
    """Classes that share a code share its line."""
    table = error_table()
    assert table.count(f"`{ContextTooLongError.code}`") == 1
    assert f"| `{PaymentRequiredError.code}` | 402 | no |" in table
