"""The name in a Host header."""

import re
from typing import Final

__all__ = ["host_name", "is_host"]

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def is_host(value: bytes) -> bool:
    """Say whether ``value`` is a name or an address, with or without a port."""
    return _HOST.fullmatch(value) is not None


def host_name(value: bytes) -> bytes:
    """Return the name or address in a Host header, without port and brackets, in lower case."""
    name = value.rpartition(b"]")[0][1:] if value.startswith(b"[") else value.partition(b":")[0]
    return name.rstrip(b".").lower()
