"""The routing configuration as a whole, its versions, and what somebody is still writing on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from router_core.types.config import DEFAULT_PREFERENCES, NO_POLICIES, Flags, ProviderConfig
from router_core.types.tool_server import NO_TOOL_SERVERS, ToolServer
from router_core.types.use_case import UseCasePolicy

__all__ = [
    "NOBODY",
    "Authorship",
    "ConfigChange",
    "ConfigDraft",
    "ConfigLine",
    "ConfigVersion",
    "Configuration",
    "Finding",
]

NO_AUTHOR_NAMED = "system"


class Configuration(Struct, frozen=True, kw_only=True):
    """Who serves what, and how: what people version, compare and roll back. Keys of providers and tokens of
    tool servers are no part of it.

    ``providers`` are in the order in which equal candidates are tried.
    """

    providers: tuple[ProviderConfig, ...] = ()
    preferences: Mapping[str, str] = DEFAULT_PREFERENCES
    policies: Mapping[str, UseCasePolicy] = NO_POLICIES
    flags: Flags = field(default_factory=Flags)
    tool_servers: Mapping[str, ToolServer] = NO_TOOL_SERVERS


class Authorship(Struct, frozen=True, kw_only=True):
    """Who makes a change, and why in their own words."""

    actor: str = NO_AUTHOR_NAMED
    note: str = ""


NOBODY = Authorship()


class ConfigLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """One version in the history, without its document.

    ``base`` is the version that it replaced, 0 for the first; ``restored`` the version whose document it took up again.
    """

    revision: int
    at: datetime
    actor: str
    note: str
    base: int
    restored: int | None = None


class ConfigVersion(ConfigLine, frozen=True, kw_only=True, rename="camel"):
    """One version with its whole document, never changed once it is written."""

    document: Mapping[str, Any]


class ConfigDraft(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person is writing on; ``base`` is the revision that the document was made from. It need not be valid."""

    base: int
    document: Mapping[str, Any]
    saved_at: datetime
    note: str = ""


class Finding(Struct, frozen=True, kw_only=True):
    """Something about a document: ``path`` names the field, such as ``providers[openai-gpt4o].weight``.

    A document with an error is not applied; warnings are for people to judge.
    """

    path: str
    message: str
    severity: Literal["error", "warning"] = "error"


class ConfigChange(Struct, frozen=True, kw_only=True):
    """One field that differs between two documents; what was added has no ``old``, what was removed no ``new``."""

    path: str
    kind: Literal["added", "removed", "changed"]
    old: Any = None
    new: Any = None
