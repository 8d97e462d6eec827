"""The lock file: which archives of which versions it admits, by their digests."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from signalbox.supply.installed import Part

__all__ = ["LockedHashes"]


class LockedHashes:
    """What ``uv.lock`` knows of archives. Raises ``OSError`` and ``tomllib.TOMLDecodeError`` when it cannot be read."""

    __slots__ = ("_wheels",)

    def __init__(self, lock: Path) -> None:
        packages = tomllib.loads(lock.read_text("utf-8"))["package"]
        self._wheels: Mapping[tuple[str, str], list[tuple[str, str]]] = {
            (canonicalize_name(each["name"]), each["version"]): [
                (wheel["url"].rpartition("/")[2], wheel["hash"]) for wheel in each.get("wheels", ())
            ]
            for each in packages
            if "version" in each
        }

    def of(self, part: Part) -> str | None:
        """Return the SHA-256 of the one wheel with that version and those tags, None where the lock has none."""
        for name, digest in self._wheels.get((part.name, part.version), ()):
            tags = frozenset(str(tag) for tag in parse_wheel_filename(name)[3])
            if tags == part.tags and digest.startswith("sha256:"):
                return digest.removeprefix("sha256:")
        return None
