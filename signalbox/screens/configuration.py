"""What the Providers screen may ask of the configuration."""

from collections.abc import Mapping
from typing import Any, Protocol

from router_core.admin.configuration_views import (
    Applied,
    Comparison,
    ConnectionResult,
    CurrentConfig,
    DraftView,
    ProviderView,
    VersionPage,
)
from router_core.types import ConfigVersion, Principal

__all__ = ["ConfigurationBackend"]


class ConfigurationBackend(Protocol):
    """Every method raises :class:`ForbiddenError` when ``person`` lacks the right.

    Whatever changes something raises :class:`WrongConfigurationError` with all faults, and :class:`ConflictError` when
    somebody else changed it meanwhile; then nothing is changed.
    """

    async def current(self, person: Principal) -> CurrentConfig:
        """Return the document in force."""
        ...

    async def providers(self, person: Principal) -> tuple[ProviderView, ...]:
        """Return every row, each with where its key comes from."""
        ...

    async def delete_provider(self, name: str, version: int, person: Principal, note: str = "") -> Applied:
        """Remove a row of which ``version`` was read. Raises :class:`NotFoundError`."""
        ...

    async def change_provider(
        self, name: str, entry: Mapping[str, Any], version: int, person: Principal, note: str = ""
    ) -> Applied:
        """Replace a row of which ``version`` was read. Raises :class:`NotFoundError`."""
        ...

    async def set_flags(self, flags: Mapping[str, Any], person: Principal, note: str = "") -> Applied:
        """Set the switches that ``flags`` names."""
        ...

    async def rollback(self, revision: int, person: Principal, *, base: int | None = None, note: str = "") -> Applied:
        """Put the document of a revision in force again. Raises :class:`NotFoundError`."""
        ...

    async def versions(self, person: Principal, *, before: int | None = None, limit: int = 50) -> VersionPage:
        """Return versions older than revision ``before``, newest first."""
        ...

    async def version(self, revision: int, person: Principal) -> ConfigVersion:
        """Return the version that was in force at ``revision``. Raises :class:`NotFoundError`."""
        ...

    async def compare(self, old: int, new: int | None, person: Principal) -> Comparison:
        """Return what changed from ``old`` to ``new``, None for what is in force. Raises :class:`NotFoundError`."""
        ...

    async def draft(self, person: Principal) -> DraftView | None:
        """Return the person's own draft with its review, None when there is none."""
        ...

    async def keep_draft(self, document: Mapping[str, Any], base: int, person: Principal, note: str = "") -> DraftView:
        """Keep what the person is writing on, right or wrong, in place of their last draft."""
        ...

    async def drop_draft(self, person: Principal) -> bool:
        """Forget the person's draft; return whether there was one."""
        ...

    async def apply_draft(self, person: Principal, note: str = "") -> Applied:
        """Put the person's draft in force, then forget it. Raises :class:`NotFoundError` without one."""
        ...

    async def test_provider(self, name: str, person: Principal) -> ConnectionResult:
        """Make the smallest call to a row, within 5 s. Raises :class:`NotFoundError`."""
        ...

    async def test_entry(self, entry: Mapping[str, Any], person: Principal) -> ConnectionResult:
        """The same for a row that is not in force."""
        ...
