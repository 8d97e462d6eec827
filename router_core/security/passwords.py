"""Passwords, hashed with argon2id at the strength that OWASP recommends."""

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerificationError

from router_core.types import Secret

__all__ = ["Argon2Passwords"]

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
# Longer input is refused before any work is done.
MAX_PASSWORD_BYTES = 1024


class Argon2Passwords:
    """Implements the :class:`PasswordHasher` port: about 20 ms of CPU a call, so call it off the event loop."""

    __slots__ = ("_argon2",)

    def __init__(self) -> None:
        self._argon2 = Argon2(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, type=Type.ID)

    def hash(self, password: Secret) -> str:
        """Return a salted argon2id hash that carries its parameters.

        Raises ``ValueError`` when ``password`` is empty or longer than ``MAX_PASSWORD_BYTES``.
        """
        plain = password.reveal().encode()
        if not 0 < len(plain) <= MAX_PASSWORD_BYTES:
            raise ValueError(f"a password has 1 to {MAX_PASSWORD_BYTES} bytes")
        return self._argon2.hash(plain)

    def verify(self, password: Secret, password_hash: str) -> bool:
        """Say whether ``password`` made ``password_hash``; a malformed hash matches nothing."""
        plain = password.reveal().encode()
        if len(plain) > MAX_PASSWORD_BYTES:
            return False
        try:
            return self._argon2.verify(password_hash, plain)
        except (VerificationError, InvalidHashError):
            return False
