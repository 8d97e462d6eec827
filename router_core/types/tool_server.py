"""Servers elsewhere whose tools models may use: Model Context Protocol over HTTP."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from router_core.types.provider_key import SealedSecret

__all__ = ["EVERYBODY", "NO_TOKENS", "NO_TOOL_SERVERS", "ToolServer", "ToolServerState", "ToolToken", "server_place"]

EVERYBODY: Final = "*"
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")
_PORTS: Final = {"http": 80, "https": 443}
MOST_TIMEOUT_S: Final = 300.0


class ToolServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A server and who may use its tools: nobody, as long as no account and no use case is named; ``*`` names all.

    ``tools`` are those that are offered, None for all; ``timeout_s`` is for one run, None for the usual time. Raises
    ``ValueError`` for a time that makes no sense.
    """

    url: str
    accounts: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    timeout_s: float | None = None
    is_active: bool = True

    def __post_init__(self) -> None:
        if self.timeout_s is not None and not 0 < self.timeout_s <= MOST_TIMEOUT_S:
            raise ValueError(f"timeout_s must be above 0 and at most {MOST_TIMEOUT_S:g} seconds")

    def serves(self, account_id: str | None, use_case: str) -> bool:
        """Say whether requests of ``account_id`` for ``use_case`` may use its tools."""
        return (
            self.is_active
            and (EVERYBODY in self.accounts or account_id in self.accounts)
            and (EVERYBODY in self.use_cases or use_case in self.use_cases)
        )

    @staticmethod
    def is_name(text: str) -> bool:
        """Say whether ``text`` can name a server: its tools are called by it."""
        return _NAME.fullmatch(text) is not None


class ToolToken(Struct, frozen=True, kw_only=True):
    """The bearer token of a server, sealed; it goes to the place that it was entered for and nowhere else."""

    id: str
    server: str
    secret: SealedSecret
    changed_by: str
    changed_at: datetime


class ToolServerState(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a process knows of a server: the names of its tools as models call them, since when, and what is wrong.

    ``skipped`` are tools that no model can be offered.
    """

    tools: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    listed_at: datetime | None = None
    error: str | None = None


NO_TOOL_SERVERS: Final[Mapping[str, ToolServer]] = MappingProxyType({})
NO_TOKENS: Final[Mapping[str, ToolToken]] = MappingProxyType({})


def server_place(url: str) -> str:
    """Return what a token is bound to: scheme, host and port."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}:{port}"
