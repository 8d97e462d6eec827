"""One small guarded request: whole answers of other services, with an end to their size and to their time."""

from collections.abc import Mapping
from typing import Final

import aiohttp
from msgspec import Struct

__all__ = ["MOST_BYTES", "AnswerTooLargeError", "PlainAnswer", "fetch"]

MOST_BYTES: Final = 1024 * 1024


class AnswerTooLargeError(aiohttp.ClientError):
    """The answer is larger than was asked for."""


class PlainAnswer(Struct, frozen=True):
    """A whole answer; a redirect is one like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def fetch(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    most: int = MOST_BYTES,
) -> PlainAnswer:
    """Send one request over ``session``, which :func:`open_session` made, and return the whole answer.

    Redirects are not followed, and at most ``most`` bytes are taken, counted after decoding. Raises
    :class:`aiohttp.ClientError`, :class:`AnswerTooLargeError` and ``TimeoutError``.
    """
    own = {"Accept-Encoding": "identity", **(headers or {})}
    async with session.request(method, url, data=body, headers=own, allow_redirects=False) as answer:
        found = bytearray()
        while data := await answer.content.readany():
            found += data
            if len(found) > most:
                raise AnswerTooLargeError("the answer is too large")
        return PlainAnswer(answer.status, answer.headers, bytes(found))
