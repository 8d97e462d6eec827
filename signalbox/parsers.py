"""From the text of a variable to its value; every parser raises ``ValueError`` saying what is wanted."""

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from router_core.types import NanoUSD, Secret, parse_usd

__all__ = [
    "MASTER_KEY_BYTES",
    "parse_base_url",
    "parse_choice",
    "parse_database_url",
    "parse_flag",
    "parse_host_names",
    "parse_hosts",
    "parse_master_key",
    "parse_networks",
    "parse_number",
    "parse_path",
    "parse_redis_url",
    "parse_secret",
    "parse_timezone",
    "parse_usd_amount",
    "parse_whole",
]

MASTER_KEY_BYTES = 32
_MIN_PASSPHRASE = 16
_MIN_LETTERS = 6
_GUESSED = ("changeme", "change-me", "change_me", "password", "encryption-key", "encryption_key", "0123456789")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?"
)
_SQL_SCHEMES = re.compile(r"(sqlite(\+pysqlite)?|postgres(ql)?(\+psycopg)?)\Z")


def parse_flag(text: str) -> bool:
    """Return a yes or a no."""
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return word in _TRUE


def parse_number(*, above: float = 0.0, most: float = 1e9) -> Callable[[str], float]:
    """Return a parser of finite numbers greater than ``above``, at most ``most``."""
    fault = f"must be a number greater than {above:g} and at most {most:g}"

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(fault) from None
        if not math.isfinite(number) or not above < number <= most:
            raise ValueError(fault)
        return number

    return parse


def parse_whole(*, least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from ``least`` to ``most``."""
    fault = f"must be a whole number from {least} to {most}"

    def parse(text: str) -> int:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
            raise ValueError(fault)
        number = int(text)
        if not least <= number <= most:
            raise ValueError(fault)
        return number

    return parse


def parse_choice(*choices: str) -> Callable[[str], str]:
    """Return a parser of one word out of ``choices``, whatever its case."""

    def parse(text: str) -> str:
        word = text.strip().lower()
        if word not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return word

    return parse


def parse_usd_amount(text: str) -> NanoUSD:
    """Return nano-dollars of a decimal dollar amount that is not negative."""
    try:
        amount = parse_usd(text.strip())
    except ValueError:
        amount = -1
    if amount < 0:
        raise ValueError("must be an amount of dollars, such as 100 or 12.50")
    return amount


def parse_secret(text: str) -> Secret:
    """Return a secret, refusing what cannot stand in an HTTP header."""
    value = text.strip()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be printable ASCII without blanks")
    return Secret(value)


def parse_master_key(text: str) -> Secret:
    """Return a passphrase of at least 16 characters, or 32 bytes in base64; what is easily guessed is refused."""
    if text != text.strip():
        raise ValueError("must not begin or end with a blank or a line break")
    raw = _from_base64(text)
    if len(text) < _MIN_PASSPHRASE or (raw is not None and text.endswith("=") and len(raw) != MASTER_KEY_BYTES):
        raise ValueError(f"must be a passphrase of at least {_MIN_PASSPHRASE} characters or 32 bytes in base64")
    if raw is not None and len(raw) == MASTER_KEY_BYTES and raw.isascii() and raw.decode().isprintable():
        raise ValueError("must be 32 random bytes in base64, not those of a text")
    if len(set(text)) < _MIN_LETTERS or any(word in text.lower() for word in _GUESSED):
        raise ValueError("must not be easily guessed")
    return Secret(text)


def master_key_bytes(text: str) -> bytes | None:
    """Return the 32 bytes that ``text`` holds in base64, or None when it is a passphrase."""
    raw = _from_base64(text)
    return raw if raw is not None and len(raw) == MASTER_KEY_BYTES else None


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def parse_base_url(text: str) -> str:
    """Return an http(s) URL without its last slash, user, query and fragment refused."""
    return check_base_url(text.strip())


def check_base_url(url: str) -> str:
    """Return ``url`` without its last slash. Raises ``ValueError`` when it is no plain http or https URL."""
    fault = "must be an http:// or https:// URL with a host and without user, query or fragment"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(fault) from None
    extra = parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in {"http", "https"} or not host or extra:
        raise ValueError(fault)
    return url.rstrip("/")


def parse_database_url(text: str) -> Secret:
    """Return an SQLAlchemy URL for SQLite or PostgreSQL; it may hold a password."""
    scheme, separator, _ = text.strip().partition("://")
    if not separator or not _SQL_SCHEMES.match(scheme):
        raise ValueError("must be a SQLAlchemy URL for SQLite or PostgreSQL (psycopg 3)")
    return Secret(text.strip())


def parse_redis_url(text: str) -> Secret:
    """Return a Redis URL; it may hold a password."""
    if urlsplit(text.strip()).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must be a redis://, rediss:// or unix:// URL")
    return Secret(text.strip())


def parse_hosts(text: str) -> tuple[str, ...]:
    """Return a comma-separated list of host names, addresses and CIDR blocks, lower-case."""
    entries = tuple(entry.strip().lower() for entry in text.split(",") if entry.strip())
    if not all(_is_network(entry) or _HOST.fullmatch(entry) for entry in entries):
        raise ValueError("must be host names, addresses or CIDR blocks separated by commas")
    return entries


def parse_networks(text: str) -> tuple[str, ...]:
    """Return a comma-separated list of addresses and CIDR blocks."""
    entries = tuple(entry.strip() for entry in text.split(",") if entry.strip())
    if not all(map(_is_network, entries)):
        raise ValueError("must be addresses or CIDR blocks separated by commas")
    return entries


def parse_host_names(text: str) -> tuple[str, ...]:
    """Return a comma-separated list of host names and addresses, lower-case, without ports."""
    entries = tuple(entry.strip().lower().rstrip(".").strip("[]") for entry in text.split(",") if entry.strip())
    if not all(("/" not in entry and _is_network(entry)) or _HOST.fullmatch(entry) for entry in entries):
        raise ValueError("must be host names or addresses, without ports, separated by commas")
    return entries


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return True


def parse_timezone(text: str) -> str:
    """Return the name of a time zone that this machine knows."""
    name = text.strip()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError("must be an IANA time zone, such as Europe/Berlin") from None
    return name


def parse_path(text: str) -> Path:
    """Return a path, ``~`` expanded."""
    if "\0" in text:
        raise ValueError("must be a path")
    return Path(text).expanduser()
