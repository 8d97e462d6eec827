"""Is everything that the program needs under a licence that the project takes?"""

from collections.abc import Collection, Iterable, Mapping

from signalbox.supply.installed import ROOT, Part
from signalbox.supply.licences import is_allowed

__all__ = ["licence_findings"]


def licence_findings(parts: Iterable[Part], allowed: Collection[str], excepted: Mapping[str, str]) -> list[str]:
    """Return a sentence for each part whose licence is unknown or not taken, and for each exception of no use.

    ``excepted`` names parts that are taken under one licence more.
    """
    findings, met = [], set()
    for part in parts:
        if part.licence is None:
            findings.append(f"licences: {part.name} {part.version} states none that is known")
        elif part.licence == excepted.get(part.name):
            met.add(part.name)
        elif part.name != ROOT and not is_allowed(part.licence, allowed):
            findings.append(f"licences: {part.name} {part.version} is under {part.licence}")
    return [*findings, *(f"licences: {name} needs no exception" for name in sorted(set(excepted) - met))]
