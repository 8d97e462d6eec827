"""Requests are served once for each idempotency key: who has a key, with which body, and what came of it."""

import asyncio
import hmac
import logging
import secrets
from typing import Final

import msgspec
from msgspec import Struct

from router_core.errors import IdempotencyConflictError, IdempotencyMismatchError, LLMError
from router_core.ports.idempotency import AnswerClaim, AnswerStore
from router_core.sealed_box import BrokenSealError, SealedBox
from router_core.types import Principal

__all__ = ["LEASE_MARGIN_S", "Errand", "IdempotentAnswers", "KeptAnswer", "Turn"]

LEASE_MARGIN_S: Final = 90.0
"""Beyond a request's own time, in seconds: a client may take so long to read the end of a stream."""

_PURPOSE: Final = b"signalbox idempotent answer\x00"
_AGAIN_MS: Final = 1000
_LEASE_BYTES: Final = 12
_log = logging.getLogger(__name__)


class KeptAnswer(Struct, frozen=True, array_like=True):
    """The answer to ``request_id`` as it went out: ``body`` is deflated, and has ``size`` bytes when it is not."""

    request_id: str
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    size: int


class Errand(Struct, frozen=True):
    """What is to be done once: the body of a request that ``caller`` sent to ``route`` under ``key``."""

    caller: Principal
    route: str
    key: bytes
    body: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(KeptAnswer)


class IdempotentAnswers:
    """Keeps answers sealed in ``store``, below a secret of 32 bytes that is the same in every process.

    A request has its key for ``lease_s`` seconds; when its process dies, the key is free after that.
    """

    def __init__(self, store: AnswerStore, secret: bytes, lease_s: float) -> None:
        self._store = store
        self._box = SealedBox(secret)
        self._digests = hmac.digest(secret, b"digests", "sha256")
        self._lease_s = lease_s

    async def begin(self, errand: Errand) -> "KeptAnswer | Turn":
        """Return the answer that the errand has already, or the turn of who is to do it.

        Raises :class:`IdempotencyConflictError` while another does it, :class:`IdempotencyMismatchError` when the key
        was used with another body, and :class:`OverloadedError` when it cannot be known whether it was.
        """
        claim = await asyncio.to_thread(self._claim, errand) if len(errand.body) > _QUICK else self._claim(errand)
        found = await self._store.claim(claim)
        if found is None:
            return Turn(self._store, self._box, claim)
        if not hmac.compare_digest(found.body, claim.body):
            raise IdempotencyMismatchError("The Idempotency-Key was used with another body")
        if found.answer is None:
            message = "A request with this Idempotency-Key is still being served"
            raise IdempotencyConflictError(message, retry_after_ms=_AGAIN_MS)
        return self._opened(claim, found.answer)

    def _claim(self, errand: Errand) -> AnswerClaim:
        caller = errand.caller
        account = caller.account_id or ""
        scope = [account.encode(), caller.kind.encode(), caller.id.encode(), errand.route.encode(), errand.key]
        return AnswerClaim(
            place=self._digest(b"place", *scope),
            account_id=account,
            body=self._digest(b"body", errand.body),
            lease=secrets.token_hex(_LEASE_BYTES),
            lease_s=self._lease_s,
        )

    def _digest(self, *pieces: bytes) -> str:
        measured = b"".join(b"%d:%s" % (len(piece), piece) for piece in pieces)
        return hmac.digest(self._digests, measured, "sha256").hex()

    def _opened(self, claim: AnswerClaim, sealed: bytes) -> KeptAnswer:
        try:
            return _DECODER.decode(self._box.open(sealed, claim.place.encode(), _bound_to(claim)))
        except (BrokenSealError, msgspec.DecodeError):
            # Somebody changed it. To serve the request again could be to pay twice.
            message = "The answer under this Idempotency-Key cannot be read; use another key"
            raise IdempotencyMismatchError(message) from None


class Turn:
    """The right to serve a request under its key. It ends once: by :meth:`keep`, or by :meth:`release`."""

    __slots__ = ("_box", "_claim", "_store")

    def __init__(self, store: AnswerStore, box: SealedBox, claim: AnswerClaim) -> None:
        self._store = store
        self._box = box
        self._claim = claim

    async def keep(self, answer: KeptAnswer) -> None:
        """Keep the answer for 24 hours; where that cannot be done it goes out all the same, and the log says so."""
        claim = self._claim
        sealed = self._box.close(_ENCODER.encode(answer), claim.place.encode(), _bound_to(claim))
        try:
            is_kept = await self._store.keep(claim, sealed)
        except LLMError as error:
            _log.warning("an answer could not be kept under its idempotency key: %s", error)
            return
        if not is_kept:
            _log.warning("an answer came too late to be kept under its idempotency key")

    async def release(self) -> None:
        """Let the next request with the key be served; where that cannot be said the key is free in a while."""
        try:
            await self._store.release(self._claim)
        except LLMError as error:
            _log.warning("an idempotency key stays taken until its lease ends: %s", error)


_QUICK: Final = 256 * 1024


def _bound_to(claim: AnswerClaim) -> bytes:
    return _PURPOSE + claim.account_id.encode("utf-8", "surrogatepass") + b"\x00" + claim.body.encode()
