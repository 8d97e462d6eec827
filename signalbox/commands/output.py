"""How commands answer: lines for people, or one JSON document for programs, on standard output."""

import sys
from typing import Any

import msgspec

__all__ = ["print_json", "print_line"]


def print_line(text: str = "") -> None:
    """Write one line to standard output."""
    sys.stdout.write(text + "\n")


def print_json(document: Any) -> None:
    """Write one indented JSON document to standard output; structs and dates are understood."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
