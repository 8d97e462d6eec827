"""Keys of providers: as they are stored, sealed, and as a call uses them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from router_core.types.secret import Secret

__all__ = ["NO_PROVIDER_KEYS", "KeyPatch", "ProviderKey", "ProviderKeys", "SealedSecret", "UsableKey"]


class SealedSecret(Struct, frozen=True, kw_only=True):
    """A key as ciphertext, and what may be known of it: ``mask`` is ``sk-12...cdef``, made when it was sealed.

    It was ``entered_at`` for the ``place`` that the row named then and goes nowhere else, and for that ``account_id``.
    """

    sealed: bytes
    key_version: int
    mask: str
    place: str
    account_id: str | None
    entered_at: datetime


class ProviderKey(Struct, frozen=True, kw_only=True):
    """One stored key of a provider's row. Of several keys one is drawn by ``weight`` for each call."""

    id: str
    provider_id: str
    label: str
    secret: SealedSecret
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    weight: int = 100
    is_active: bool = True


class KeyPatch(Struct, frozen=True, kw_only=True):
    """What changes in a stored key; None leaves as it is, so that nobody overwrites what was sealed anew meanwhile."""

    by: str
    at: datetime
    label: str | None = None
    weight: int | None = None
    is_active: bool | None = None
    secret: SealedSecret | None = None


# Stored keys by the id of the provider's row, oldest first.
ProviderKeys = Mapping[str, tuple[ProviderKey, ...]]
NO_PROVIDER_KEYS: ProviderKeys = MappingProxyType({})


class UsableKey:
    """A key that a call may carry. ``id`` is that of the stored key, empty for one of the environment.

    Of the keys of the lowest ``rank`` that can be used one is drawn by ``weight``. ``used_at`` is when this process
    last used it.
    """

    __slots__ = ("id", "mask", "rank", "secret", "used_at", "weight")

    def __init__(self, secret: Secret, *, id: str = "", mask: str = "", weight: int = 100, rank: int = 0) -> None:
        self.secret = secret
        self.id = id
        self.mask = mask
        self.weight = weight
        self.rank = rank
        self.used_at: datetime | None = None

    def __repr__(self) -> str:
        return f"UsableKey({self.id!r}, {self.mask!r})"
