"""The secrets that people begin with: generated passwords and invitations; and what a password of one's own must be."""

import secrets
from datetime import timedelta
from typing import Final

from msgspec import Struct

from router_core.errors import ValidationError
from router_core.security.passwords import MAX_PASSWORD_BYTES
from router_core.security.sessions import token_digest
from router_core.types import Secret

__all__ = ["INVITATION_LIFE", "LEAST_PASSWORD", "Invitation", "generate_password", "new_invitation", "require_good"]

INVITATION_LIFE: Final = timedelta(days=3)
LEAST_PASSWORD: Final = 12
_LEAST_DIFFERENT: Final = 5
_PASSWORD_BYTES: Final = 18
_INVITATION_BYTES: Final = 32


class Invitation(Struct, frozen=True):
    """A token that lets its holder choose a password, once, and the SHA-256 that the store knows it by."""

    token: Secret
    digest: bytes


def generate_password() -> Secret:
    """Return a password of 24 characters that nobody has to remember."""
    return Secret(secrets.token_urlsafe(_PASSWORD_BYTES))


def new_invitation() -> Invitation:
    """Return an invitation of 256 bits."""
    token = secrets.token_urlsafe(_INVITATION_BYTES)
    return Invitation(Secret(token), token_digest(token))


def require_good(password: Secret, email: str) -> None:
    """Check what the person with that address chose. Raises :class:`ValidationError` that says what to do."""
    plain = password.reveal()
    if len(plain) < LEAST_PASSWORD:
        raise ValidationError(f"A password has at least {LEAST_PASSWORD} characters", field="password")
    if len(plain.encode("utf-8", "surrogateescape")) > MAX_PASSWORD_BYTES:
        raise ValidationError(f"A password has at most {MAX_PASSWORD_BYTES} bytes", field="password")
    if len(set(plain)) < _LEAST_DIFFERENT:
        raise ValidationError("A password does not repeat a few characters only", field="password")
    if plain.lower() in (email, email.partition("@")[0]):
        raise ValidationError("A password is not the address that it belongs to", field="password")
