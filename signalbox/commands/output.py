"""How commands answer: lines for people, or one JSON document for programs, on standard output."""

import sys
from typing import Any

import msgspec

from signalbox.exits import say

__all__ = ["print_json", "print_line", "print_secret"]


def print_line(text: str = "") -> None:
    """Write one line to standard output."""
    sys.stdout.write(text + "\n")


def print_json(document: Any) -> None:
    """Write one indented JSON document to standard output; structs and dates are understood."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def print_secret(document: dict[str, str], *, as_json: bool) -> None:
    """Write what is shown this once."""
    say("Keep this now; it is not shown again.")
    if as_json:
        print_json(document)
    else:
        for name, value in document.items():
            print_line(f"{name}: {value}")
