"""The name in a Host header."""

__all__ = ["host_name"]


def host_name(value: bytes) -> bytes:
    """Return the name or address in a Host header, without port and brackets, in lower case."""
    name = value.rpartition(b"]")[0][1:] if value.startswith(b"[") else value.partition(b":")[0]
    return name.rstrip(b".").lower()
