"""Takes secrets out of anything made of dicts and lists, before it is logged or shown."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AnySet
from typing import Any, Final

from router_core.errors.sanitizer import mask_api_key, redact

__all__ = ["sanitize_object"]

_ENDINGS: Final = (
    "apikey", "secret", "password", "passwd", "passphrase", "token", "authorization", "credential", "credentials",
    "privatekey", "accesskey", "encryptionkey", "secretkey", "cookie",
)  # fmt: skip
_MASK: Final = "***"
_DEEPEST: Final = 32


def sanitize_object(value: Any) -> Any:
    """Return a copy of ``value`` in which whatever is named like a secret is masked, and texts are without secrets.

    Names count whatever their case and with or without ``_`` and ``-``; all that is below such a name is masked.
    """
    return _clean(value, named=False, depth=0)


def _clean(value: Any, *, named: bool, depth: int) -> Any:
    if depth > _DEEPEST:
        return _MASK
    match value:
        case None | bool():
            return value
        case str():
            return mask_api_key(value) if named else redact(value)
        case Mapping():
            return {key: _clean(each, named=named or _is_secret(key), depth=depth + 1) for key, each in value.items()}
        case Sequence() | AnySet() if not isinstance(value, bytes | bytearray):
            return [_clean(each, named=named, depth=depth + 1) for each in value]
    return _MASK if named else value


def _is_secret(name: object) -> bool:
    plain = str(name).casefold().replace("_", "").replace("-", "")
    return plain == "key" or plain.endswith(_ENDINGS)
