"""What is known of the keys that seal stored secrets, and of what is sealed; no key is in the clear here."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = [
    "ROOT",
    "DataKey",
    "KeyState",
    "MasterChangeReport",
    "MasterSlot",
    "RotatedSecret",
    "SealedPlace",
    "SealedRow",
    "SecretHealth",
    "VaultRecord",
    "Wrap",
    "wrap_name",
]

KeyState = Literal["staged", "primary", "draining", "retired"]

ROOT = "root"
"""The name of the wrapped secret that everything hangs on which is derived instead of sealed."""


class SealedPlace(Struct, frozen=True):
    """Where a sealed secret is kept; what is sealed for one place cannot be opened in another.

    ``account_id`` is None for what belongs to the installation.
    """

    table: str
    field: str
    row_id: str
    account_id: str | None = None


class SealedRow(Struct, frozen=True, kw_only=True):
    """A sealed secret as it is kept, the version of the data key that its row says it is under, and whose it is."""

    place: SealedPlace
    owner: str
    sealed: bytes
    version: int


class DataKey(Struct, frozen=True, kw_only=True):
    """A data key by its version, from 1.

    ``staged``: known, not used yet; ``primary``: new secrets are sealed under it; ``draining``: it only opens;
    ``retired``: nothing was sealed under it any more, and it is gone.
    """

    version: int
    state: KeyState
    created_at: datetime
    promoted_at: datetime | None = None
    retired_at: datetime | None = None


class MasterSlot(Struct, frozen=True, kw_only=True):
    """A master key that opens the vault: the salt that makes it of a passphrase, and what tells it from a wrong one."""

    id: str
    salt: bytes
    canary: bytes
    created_at: datetime


class Wrap(Struct, frozen=True, kw_only=True):
    """One key, named ``root`` or ``data N``, sealed under the master key of ``slot``."""

    slot: str
    name: str
    sealed: bytes


class VaultRecord(Struct, frozen=True, kw_only=True):
    """All keys, wrapped. ``generation`` counts the changes, from 1; each key is wrapped under each slot."""

    generation: int
    slots: tuple[MasterSlot, ...]
    wraps: tuple[Wrap, ...]
    keys: tuple[DataKey, ...]


def wrap_name(version: int) -> str:
    """Return the name under which the data key of ``version`` is wrapped."""
    return f"data {version}"


class RotatedSecret(Struct, frozen=True, kw_only=True):
    """What a rotation did with a secret: ``rotated``, or ``unreadable`` when it could not be opened before either."""

    provider_id: str
    status: Literal["rotated", "unreadable"]


class SecretHealth(Struct, frozen=True, kw_only=True, rename="camel"):
    """A stored secret: where it is, whose it is, the version of its data key, and whether it can be opened now."""

    table: str
    field: str
    id: str
    account_id: str | None
    provider_id: str
    key_version: int
    readable: bool


class MasterChangeReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a change of the master key is: ``late`` names the nodes that do not have the new one yet."""

    finished: bool
    late: tuple[str, ...] = ()
