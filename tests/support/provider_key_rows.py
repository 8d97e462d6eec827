"""Stored keys of providers, for suites that keep them and never open one."""

from datetime import datetime
from typing import Any

from msgspec import structs

from router_core.types import ProviderKey, SealedSecret
from tests.support.store_kinds import NOW

__all__ = ["provider_key", "sealed_secret"]


def sealed_secret(**changes: Any) -> SealedSecret:
    """Return a sealed secret for the vendor's own host."""
    made = SealedSecret(
        sealed=b"\x00\xff sealed", key_version=1, mask="sk-ab...wxyz", place="openai", account_id=None, entered_at=NOW
    )
    return structs.replace(made, **changes)


def provider_key(id: str, provider_id: str, at: datetime = NOW, **changes: Any) -> ProviderKey:
    """Return a key of a provider's row that Ada entered ``at``."""
    made = ProviderKey(
        id=id, provider_id=provider_id, label="main", secret=sealed_secret(), created_by="ada", created_at=at,
        changed_by="ada", changed_at=at,
    )  # fmt: skip
    return structs.replace(made, **changes)
