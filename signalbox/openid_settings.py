"""What the environment says about signing in with an OpenID Connect provider."""

import ipaddress
from typing import Final, cast, get_args
from urllib.parse import urlsplit

from router_core.types import PersonRole

__all__ = ["parse_client_id", "parse_issuer", "parse_newcomer_role", "parse_scopes"]

_FAULT: Final = "must be the https URL of the provider, exactly as it names itself"
_MOST: Final = 500
_OFFERED: Final = sorted(set(get_args(PersonRole)) - {"owner", "admin"})


def parse_issuer(text: str) -> str:
    """Return an issuer as it is; plain http is for this machine alone. Raises ``ValueError``."""
    plain = text.strip()
    try:
        parts = urlsplit(plain)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError(_FAULT) from None
    if not host or parts.username or parts.query or parts.fragment or not plain.isprintable():
        raise ValueError(_FAULT)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
        raise ValueError(_FAULT)
    return plain


def parse_client_id(text: str) -> str:
    """Return a client's id. Raises ``ValueError``."""
    plain = text.strip()
    if not 0 < len(plain) <= _MOST or not plain.isprintable():
        raise ValueError("must be the id that the provider gave us")
    return plain


def parse_scopes(text: str) -> str:
    """Return scopes with one blank between them. Raises ``ValueError``."""
    found = text.split()
    if not {"openid", "email"} <= set(found) or not text.isascii():
        raise ValueError("must hold `openid` and `email`")
    return " ".join(found)


def parse_newcomer_role(text: str) -> PersonRole:
    """Return the role of people whom nobody made; never one that gives rights to others. Raises ``ValueError``."""
    plain = text.strip()
    if plain not in _OFFERED:
        raise ValueError(f"must be one of {', '.join(_OFFERED)}")
    return cast("PersonRole", plain)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
