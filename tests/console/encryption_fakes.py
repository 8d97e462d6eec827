"""The keys of a scripted backend: a handful of secrets, one of them unreadable where a test says so."""

from datetime import UTC, datetime, timedelta

from msgspec import structs

from router_core.admin.encryption import EncryptionView, KeyView
from router_core.errors import LLMError
from router_core.security.permissions import require
from router_core.types import Principal
from router_core.types.vault import SecretHealth

BEGAN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def stored(number: int, *, version: int = 2, readable: bool = True) -> SecretHealth:
    """Return a stored key of a provider."""
    return SecretHealth(
        table="provider_keys", field="sealed", id=f"key-{number}", account_id=None,
        provider_id="openai-gpt4o-mini", key_version=version, readable=readable,
    )  # fmt: skip


def settled_view() -> EncryptionView:
    """Return a vault that was rotated once and holds two secrets."""
    keys = (
        KeyView(
            version=1, state="retired", created_at=BEGAN, promoted_at=BEGAN, retired_at=BEGAN + timedelta(hours=1),
            secrets=0,
        ),
        KeyView(version=2, state="primary", created_at=BEGAN, promoted_at=BEGAN, retired_at=None, secrets=2),
    )  # fmt: skip
    return EncryptionView(
        state="settled", running=False, keys=keys, total=2, checked=2, unreadable=0, waiting=0,
        secrets=(stored(1), stored(2)), key_age_days=12, due=False,
    )  # fmt: skip


class EncryptionDouble:
    """Does what ``EncryptionBackend`` promises."""

    def __init__(self) -> None:
        self.view = settled_view()
        self.error: LLMError | None = None
        self.rotations = 0

    async def status(self, person: Principal) -> EncryptionView:
        require(person, "encryption.read")
        return self.view

    async def rotate(self, person: Principal) -> EncryptionView:
        require(person, "encryption.rotate")
        if self.error is not None:
            raise self.error
        self.rotations += 1
        self.view = structs.replace(self.view, state="rotating", running=True, waiting=self.view.total)
        return self.view
