"""Single rows of a configuration, and what is good enough to be put in force."""

from msgspec import structs

from router_core.admin.configuration_views import Review
from router_core.configuration.findings import WrongConfigurationError
from router_core.errors import ConflictError, NotFoundError
from router_core.types import Configuration, ProviderConfig

__all__ = ["guarded", "row_called", "sound", "with_row"]


def sound(wanted: Configuration | None, review: Review) -> Configuration:
    """Return what was ``wanted``. Raises :class:`WrongConfigurationError` when its review found it wrong."""
    if wanted is None:
        raise WrongConfigurationError([each for each in review.findings if each.severity == "error"])
    return wanted


def row_called(current: Configuration, name: str) -> ProviderConfig:
    """Return the row called ``name``. Raises :class:`NotFoundError`."""
    found = next((row for row in current.providers if row.name == name), None)
    if found is None:
        raise NotFoundError("There is no such provider")
    return found


def guarded(current: Configuration, name: str, version: int) -> ProviderConfig:
    """Return the row called ``name`` if its version is still ``version``. Raises :class:`ConflictError`."""
    row = row_called(current, name)
    if row.version != version:
        raise ConflictError("The provider was changed by somebody else")
    return row


def with_row(current: Configuration, old: ProviderConfig, new: ProviderConfig | None) -> Configuration:
    """Return ``current`` with ``new`` in the place of ``old``, or without it for None."""
    rows = (new if row.id == old.id else row for row in current.providers)
    return structs.replace(current, providers=tuple(row for row in rows if row is not None))
