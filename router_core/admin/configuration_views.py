"""What people are shown of the configuration."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router_core.admin.provider_key_views import KeyView
from router_core.types import ConfigChange, ConfigDraft, ConfigLine, Finding, Flags

__all__ = [
    "Applied",
    "Comparison",
    "ConnectionResult",
    "CurrentConfig",
    "DraftView",
    "ProviderView",
    "Review",
    "VersionPage",
]


class ProviderView(Struct, frozen=True, kw_only=True):
    """A provider's row: ``entry`` are its fields as documents spell them, ``version`` counts its changes."""

    entry: Mapping[str, Any]
    version: int
    key: KeyView


class CurrentConfig(Struct, frozen=True, kw_only=True, rename="camel"):
    """The document in force. ``serving`` is the revision that the answering process serves, ``revision`` the store's.

    ``version`` is the newest version, which may be older than ``revision``: budgets and prices count revisions too.
    ``flags_in_force`` has the environment's switches laid over the document's.
    """

    revision: int
    serving: int
    version: ConfigLine
    document: Mapping[str, Any]
    flags_in_force: Flags


class Review(Struct, frozen=True, kw_only=True):
    """What is wrong with a document, and what it would change; an invalid one has no ``changes``.

    ``revision`` is the one that it was compared with.
    """

    valid: bool
    findings: tuple[Finding, ...]
    changes: tuple[ConfigChange, ...]
    revision: int


class Applied(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a change: ``changed`` is false when it was in force already. With ``dry_run`` nothing was done."""

    revision: int
    changed: bool
    changes: tuple[ConfigChange, ...]
    warnings: tuple[Finding, ...] = ()
    dry_run: bool = False


class VersionPage(Struct, frozen=True, kw_only=True):
    """Versions, newest first; ``next`` is what to ask for as ``before`` to go on, None at the end."""

    versions: tuple[ConfigLine, ...]
    next: int | None = None


class Comparison(Struct, frozen=True, kw_only=True):
    """What changed from one version to another."""

    old: ConfigLine
    new: ConfigLine
    changes: tuple[ConfigChange, ...]


class DraftView(Struct, frozen=True, kw_only=True):
    """A person's draft and its review; ``stale`` says that somebody changed the configuration since its base."""

    draft: ConfigDraft
    review: Review
    stale: bool


class ConnectionResult(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the smallest call to a provider ended: ``latency_ms`` when it was answered, else ``error``, free of keys.

    ``ok`` is None where no call was made, or its end says nothing about the provider.
    """

    provider: str
    ok: bool | None
    latency_ms: float | None = None
    error: str | None = None
