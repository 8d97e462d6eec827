"""Who changed what, when two change the configuration at once."""

from collections.abc import Sequence
from typing import Final

from router_core.configuration.changes import changes_between
from router_core.errors import ConflictError, ValidationError
from router_core.ports import ConfigVersions
from router_core.types import ConfigLine, ConfigVersion

__all__ = ["checked_base", "row_conflict", "version_conflict"]

MOST_LOOKED_AT: Final = 50
MOST_NAMED: Final = 5


def checked_base(base: int | None, revision: int) -> int:
    """Return the revision that a change was made from, ``revision``, the store's, for None.

    Raises :class:`ConflictError` for one that the store never had, :class:`ValidationError` for a negative one.
    """
    if base is None:
        return revision
    if base < 0:
        raise ValidationError("base must be a revision: 0 or more", field="base")
    if base > revision:
        text = f"revision {base} is not one of this store, which is at {revision}"
        raise ConflictError(f"{text}; was it exported from another one?", revision=revision)
    return base


async def version_conflict(versions: ConfigVersions, base: int, newest: ConfigVersion) -> ConflictError:
    """Return the refusal of a change that was made from ``base``, before everything up to ``newest``."""
    seen = await versions.find(base)
    changes = () if seen is None else changes_between(seen.document, newest.document)
    since = [each for each in await versions.page(None, MOST_LOOKED_AT) if each.revision > base]
    return _conflict(
        "The configuration was changed", since or [newest], newest.revision, [each.path for each in changes]
    )


async def row_conflict(versions: ConfigVersions, name: str, error: ConflictError) -> ConflictError:
    """Return ``error`` with who changed the provider called ``name`` last, as far as the newest versions tell."""
    newest = version = await versions.find()
    for _ in range(MOST_LOOKED_AT):
        if newest is None or version is None:
            break
        older = await versions.find(version.base)
        changes = () if older is None else changes_between(older.document, version.document)
        paths = [each.path for each in changes if each.path.startswith(f"providers[{name}]")]
        if paths:
            return _conflict(error.message, [version], newest.revision, paths)
        version = older
    return error


def _conflict(what: str, since: Sequence[ConfigLine], revision: int, paths: Sequence[str]) -> ConflictError:
    """Return the refusal; ``since`` are the versions in between, newest first."""
    actors = ", ".join(dict.fromkeys(each.actor for each in since))
    at = since[0].at.isoformat(timespec="seconds")
    named = ", ".join(paths[:MOST_NAMED]) + (f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else "")
    text = what if what.endswith("somebody else") else f"{what} by somebody else"
    return ConflictError(
        f"{text}: {actors}, {at}" + (f" ({named})" if named else ""),
        revision=revision,
        changed_by=actors,
        changed_at=at,
        changes=paths,
    )
