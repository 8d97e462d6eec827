"""The parts that an installed program is made of, read from what the installer left behind."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Final

from msgspec import Struct, structs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from signalbox.supply.licences import licence_of

__all__ = ["ROOT", "Part", "installed_parts"]

ROOT: Final = "signalbox"
# What installers write for themselves, and what Python compiles: it differs from one installation to the next.
_OWN_FILES: Final = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json", "uv_build.json")


class Part(Struct, frozen=True, kw_only=True):
    """One installed distribution. ``name`` is normalised; ``licence`` an SPDX expression, None where it cannot be told.

    ``archive`` has the digests of what it was installed from, by algorithm, where the installer noted them;
    ``files`` is the SHA-256 over the digests of all its files; ``tags`` are those of its wheel.
    """

    name: str
    version: str
    summary: str
    licence: str | None
    requires: tuple[str, ...]
    archive: Mapping[str, str]
    files: str
    tags: frozenset[str]


def installed_parts(root: str = ROOT) -> list[Part]:
    """Return ``root`` and everything that it needs here, by name; of its extras what is installed.

    Raises ``importlib.metadata.PackageNotFoundError`` when ``root`` is not installed.
    """
    found: dict[str, Part] = {}
    wanted = [(canonicalize_name(root), frozenset[str]())]
    asked: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        name, extras = wanted.pop()
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name == canonicalize_name(root):
                raise
            continue  # An extra that nobody asked for.
        if name == canonicalize_name(root):
            extras = frozenset(distribution.metadata.get_all("Provides-Extra") or ())
        needs = [(canonicalize_name(each.name), frozenset(each.extras)) for each in _needs(distribution, extras)]
        before = found[name].requires if name in found else ()
        found[name] = _part(name, distribution, {*before, *(each for each, _ in needs)})
        wanted += needs
    return [
        structs.replace(each, requires=tuple(name for name in each.requires if name in found))
        for _, each in sorted(found.items())
    ]


def _needs(distribution: metadata.Distribution, extras: Iterable[str]) -> list[Requirement]:
    """Return the requirements that hold on this machine."""
    found = [Requirement(each) for each in distribution.requires or ()]
    wanted = ["", *extras]
    return [
        each for each in found if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in wanted)
    ]


def _part(name: str, distribution: metadata.Distribution, needs: set[str]) -> Part:
    return Part(
        name=name,
        version=distribution.version,
        summary=_told(distribution, "Summary") or "",
        licence=licence_of(
            _told(distribution, "License-Expression"),
            _told(distribution, "License"),
            distribution.metadata.get_all("Classifier") or (),
        ),
        requires=tuple(sorted(needs)),
        archive=_archive(distribution),
        files=_files_digest(distribution),
        tags=_tags(distribution),
    )


def _told(distribution: metadata.Distribution, field: str) -> str | None:
    found = distribution.metadata.get_all(field)
    return str(found[0]) if found else None


def _archive(distribution: metadata.Distribution) -> Mapping[str, str]:
    text = distribution.read_text("direct_url.json")
    if text is None:
        return {}
    info = json.loads(text).get("archive_info") or {}
    return dict(info.get("hashes") or {})


def _files_digest(distribution: metadata.Distribution) -> str:
    """Return one digest over the names and digests of all files, the same wherever this version is installed."""
    lines = sorted(
        f"{file}={file.hash.mode}:{file.hash.value}"
        for file in distribution.files or ()
        if file.hash is not None and file.name not in _OWN_FILES and file.suffix != ".pyc"
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else ""


def _tags(distribution: metadata.Distribution) -> frozenset[str]:
    lines = (distribution.read_text("WHEEL") or "").splitlines()
    return frozenset(line.partition(":")[2].strip() for line in lines if line.startswith("Tag:"))
