"""Licences as packages state them, in the words of SPDX, and which of them a policy takes."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, Final

from license_expression import ExpressionError, get_spdx_licensing

__all__ = ["is_allowed", "licence_of", "spdx"]

# Older packages state their licence in words of their own, or by a classifier alone.
_WORDS: Final = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
_PREFIX: Final = "License ::"


def licence_of(expression: str | None, text: str | None, classifiers: Iterable[str]) -> str | None:
    """Return the SPDX expression of a package's licence from its metadata, None where that says nothing clear."""
    stated = spdx(expression or "") or spdx(text or "")
    if stated is not None:
        return stated
    leaves = [each.rpartition("::")[2].strip() for each in classifiers if each.startswith(_PREFIX)]
    found = [spdx(each) for each in leaves if each != "OSI Approved"]
    known = [each for each in found if each is not None]
    # Several classifiers do not say whether one may choose, so all of them have to be kept.
    return " AND ".join(dict.fromkeys(known)) if known and len(known) == len(found) else None


def spdx(text: str) -> str | None:
    """Return ``text`` as an SPDX expression, None when it is none and no licence goes by that name."""
    wanted = _WORDS.get(text.strip().lower(), text.strip())
    if not wanted or "\n" in wanted:
        return None
    try:
        return str(_licensing().parse(wanted, validate=True, strict=True))
    except (ExpressionError, ValueError):
        return None


@cache
def _licensing() -> Any:
    """Return SPDX's list of licences, which takes a fifth of a second to read."""
    return get_spdx_licensing()


def is_allowed(expression: str, allowed: Collection[str]) -> bool:
    """Say whether one may use what is under ``expression``: every licence that cannot be avoided is in ``allowed``."""
    return _holds(_licensing().parse(expression), allowed)


def _holds(node: Any, allowed: Collection[str]) -> bool:
    parts = getattr(node, "args", ())
    if not parts:
        return str(node) in allowed
    choice = any if node.operator.strip() == "OR" else all
    return choice(_holds(each, allowed) for each in parts)
