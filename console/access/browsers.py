"""What browsers are called: the name and the system out of all that they say of themselves."""

from typing import Final

__all__ = ["browser_words"]

# Each also says the names behind it.
_NAMES: Final = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
MOST: Final = 40


def browser_words(said: str) -> str:
    """Return ``Firefox on Linux``; the beginning of what a program says that is no known browser."""
    name = next((name for mark, name in _NAMES if mark in said), "")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    if not name:
        return said[:MOST] or "unknown"
    return f"{name} on {system}" if system else name
