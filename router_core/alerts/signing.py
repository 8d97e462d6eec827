"""The Standard Webhooks signature: who holds a channel's secret knows that a message is ours, whole and fresh."""

import base64
import hmac
from hashlib import sha256
from typing import Final

__all__ = ["shown_secret", "signed_headers"]

PREFIX: Final = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64


def signed_headers(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that go with ``body``; ``timestamp`` is in Unix seconds.

    Raises ``ValueError`` for a secret that is too short to protect anything, and an id with a dot in it.
    """
    _require_sound(secret)
    if not message_id or "." in message_id:
        raise ValueError("a message's id must not be empty or hold a dot")
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, signed, sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def shown_secret(secret: bytes) -> str:
    """Return ``secret`` as receivers take it. Raises ``ValueError`` when it is too short to protect anything."""
    _require_sound(secret)
    return PREFIX + base64.b64encode(secret).decode()


def _require_sound(secret: bytes) -> None:
    if not LEAST_BYTES <= len(secret) <= MOST_BYTES:
        raise ValueError(f"a secret has {LEAST_BYTES} to {MOST_BYTES} bytes")
