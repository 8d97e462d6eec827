"""Answers under idempotency keys in Redis, for every process, by the server's own time."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from router_core.errors import OverloadedError
from router_core.ports.idempotency import KEPT_S, AnswerClaim, ClaimedAnswer, Room
from router_core.redis_link import LinkDownError, RedisLink

__all__ = ["KEY_PREFIX", "RedisAnswers"]

# The number changes with what is kept under the keys. The braces keep all keys in one slot of a cluster.
KEY_PREFIX: Final = "signalbox:{answers}:1:"

_CLAIM: Final = """
local held = redis.call('HMGET', KEYS[1], 'body', 'answer', 'lease')
-- A claim whose reply was lost is made again.
if held[1] and (held[3] ~= ARGV[2] or held[2]) then return {held[1], held[2]} end
redis.call('HSET', KEYS[1], 'body', ARGV[1], 'lease', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return false
"""
# Beside the answers of an account stand their places by the time at which they end, and their sizes together.
_KEEP: Final = """
local held = redis.call('HMGET', KEYS[1], 'lease', 'answer')
if held[1] ~= ARGV[1] then return 0 end
if held[2] then return held[2] == ARGV[2] and 1 or 0 end
local ttl, most, room = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function forget(name)
  local place, size = string.match(name, '^(%w+):(%d+)$')
  redis.call('ZREM', KEYS[2], name)
  redis.call('DECRBY', KEYS[3], size)
  return place
end

redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ttl)
-- What has ended is gone by itself, and its place may be another's by now.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do forget(name) end
redis.call('ZADD', KEYS[2], now + ttl, ARGV[4] .. ':' .. #ARGV[2])
redis.call('INCRBY', KEYS[3], #ARGV[2])
while redis.call('ZCARD', KEYS[2]) > most or tonumber(redis.call('GET', KEYS[3])) > room do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)
  if #oldest == 0 then redis.call('SET', KEYS[3], 0) break end
  redis.call('UNLINK', ARGV[7] .. forget(oldest[1]))
end
redis.call('PEXPIRE', KEYS[2], ttl)
redis.call('PEXPIRE', KEYS[3], ttl)
return 1
"""
_RELEASE: Final = """
local held = redis.call('HMGET', KEYS[1], 'lease', 'answer')
if held[1] == ARGV[1] and not held[2] then redis.call('UNLINK', KEYS[1]) end
return 1
"""


class _Script(Struct, frozen=True):
    text: str
    sha: str


def _script(text: str) -> _Script:
    return _Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class RedisAnswers:
    """Keeps answers in Redis; an :class:`AnswerStore`. A Redis that is away is :class:`OverloadedError`."""

    def __init__(self, link: RedisLink, room: Room | None = None) -> None:
        self._link = link
        self._room = room or Room()
        self._claim, self._keep, self._release = (_script(each) for each in (_CLAIM, _KEEP, _RELEASE))

    async def claim(self, claim: AnswerClaim) -> ClaimedAnswer | None:
        """Take the place; return what is there instead when another has it."""
        given = (claim.body, claim.lease, math.ceil(claim.lease_s * 1000))
        found: list[bytes | None] | None = await self._run(self._claim, [_entry(claim)], given)
        return None if found is None else ClaimedAnswer((found[0] or b"").decode(), found[1])

    async def keep(self, claim: AnswerClaim, sealed: bytes) -> bool:
        """Keep the answer for 24 hours; return whether the place was still the claim's."""
        keys = [_entry(claim), f"{KEY_PREFIX}of:{claim.account_id}", f"{KEY_PREFIX}size:{claim.account_id}"]
        room, ttl = self._room, round(KEPT_S * 1000)
        given = (claim.lease, sealed, ttl, claim.place, room.answers, room.size, f"{KEY_PREFIX}at:")
        return bool(await self._run(self._keep, keys, given))

    async def release(self, claim: AnswerClaim) -> None:
        """Leave the place, unless it is another's or has its answer."""
        await self._run(self._release, [_entry(claim)], (claim.lease,))

    async def _run(self, script: _Script, keys: Sequence[str], given: Sequence[Any]) -> Any:
        async def work(redis: Redis) -> Any:
            try:
                return await redis.evalsha(script.sha, len(keys), *keys, *given)
            except NoScriptError:
                return await redis.eval(script.text, len(keys), *keys, *given)

        try:
            return await self._link.insist(work)
        except LinkDownError:
            raise OverloadedError("Idempotency keys cannot be looked up now") from None


def _entry(claim: AnswerClaim) -> str:
    return f"{KEY_PREFIX}at:{claim.place}"
