"""The parts of an API key's text, ``sbx_<id>_<secret>``: a secret may hold the character that parts them."""

__all__ = ["key_id", "key_secret", "key_start"]


def key_id(key: str) -> str:
    """Return the public id in ``key``."""
    return key.split("_", 2)[1]


def key_secret(key: str) -> str:
    """Return the secret of ``key``, whole: everything after its id."""
    return key.split("_", 2)[2]


def key_start(key: str) -> str:
    """Return what ``key`` begins with before its secret, which lists of keys show."""
    return key.removesuffix(key_secret(key))
