"""What runs inside Redis: one script for taking, giving, looking and renewing, on the server's own time."""

import hashlib
from typing import Final

from msgspec import Struct

from router_core.rate_limiting.memory_limiter import PLACE_WAIT_S
from router_core.rate_limiting.throttles import SLOT_S, SLOTS
from router_core.rate_limiting.token_bucket import GRAIN

__all__ = ["KEY_PREFIX", "SERVER_TIME", "LimitScript", "limit_script"]

# The number changes with what is kept under the keys, so that old and new processes never read each other's. The braces
# keep all keys in one slot of a cluster: a script may touch no other.
KEY_PREFIX: Final = "signalbox:{limits}:1:"
SERVER_TIME: Final = "redis.call('TIME')"

_MOST: Final = 10**15
_LONGEST_MS: Final = 10**12

# A bucket is kept as what was taken, when that was (microseconds), and the rate at which it comes back. Its key is gone
# once it is full again. Of requests no more is missing than there are: only a limit that was cut could make it more.
# A clock that went back brings nothing back and takes nothing: time counts anew from there.
# What cannot be read, because somebody else wrote there, is as good as absent and is written over.
_SCRIPT: Final = """-- signalbox limits 1
local op, ttl, must, choices = unpack(cmsgpack.unpack(ARGV[1]))
local time = %(time)s
local now = time[1] * 1000000 + time[2]
local slot = math.floor(now / %(slot_us)d)

local function put(key, taken, rate)
  if taken <= 0 then
    redis.call('DEL', key)
  else
    local ends = math.min(math.ceil(taken / rate * 1000) + 1000, %(longest_ms)d)
    redis.call('SET', key, struct.pack('<ddd', taken, now, rate), 'PX', ends)
  end
end

local function missing_of(key)
  local kept = redis.pcall('GET', key)
  if type(kept) ~= 'string' or #kept ~= 24 then return 0 end
  local taken, at, rate = struct.unpack('<ddd', kept)
  if not (taken >= 0 and taken < %(most)d and at >= 0 and rate > 0 and rate < %(most)d) then return 0 end
  if now < at then
    put(key, taken, rate)
    return taken
  end
  return math.max(0, taken - (now - at) / 1000000 * rate)
end

local function missing(draw)
  local taken = missing_of(KEYS[draw[1]])
  if draw[6] then return math.min(taken, draw[2]) end
  return taken
end

local function held(key)
  local ended = redis.pcall('ZREMRANGEBYSCORE', key, '-inf', math.floor(now / 1000))
  if type(ended) == 'table' then redis.call('DEL', key) end
  return redis.call('ZCARD', key)
end

local function hold(key, lease)
  held(key)
  redis.call('ZADD', key, math.floor(now / 1000) + ttl, lease)
  redis.call('PEXPIRE', key, ttl)
end

local function wait(draw)
  local key, capacity, rate, amount = KEYS[draw[1]], draw[2], draw[3], draw[4]
  if rate == 0 then
    if held(key) + amount > capacity then return %(place_wait)s end
    return 0
  end
  local short = missing(draw) + math.min(amount, capacity) - capacity
  if short <= %(grain)s then return 0 end
  return short / rate
end

local function take(draw)
  local key = KEYS[draw[1]]
  if draw[3] == 0 then hold(key, draw[5]) else put(key, missing(draw) + draw[4], draw[3]) end
end

local function left(draw)
  local key = KEYS[draw[1]]
  if draw[3] == 0 then return draw[2] - held(key) end
  return draw[2] - missing(draw)
end

local function waits_of(draws)
  local waits, fits = {}, true
  for i, draw in ipairs(draws) do
    waits[i] = wait(draw)
    if waits[i] > 0 then fits = false end
  end
  return waits, fits
end

local function note(draws, waits)
  for i, draw in ipairs(draws) do
    if waits[i] > 0 then
      local key = KEYS[draw[1]] .. ':refused:' .. slot
      if type(redis.pcall('INCR', key)) == 'table' then redis.call('SET', key, 1) end
      redis.call('PEXPIRE', key, %(slot_us)d / 1000 * %(slots)d)
    end
  end
end

local function lefts_of(draws)
  local found = {}
  for i, draw in ipairs(draws) do found[i] = left(draw) end
  return found
end

if op == 'take' then
  local waits, fits = waits_of(must)
  local chosen, passed = -1, {}
  for i, draws in ipairs(choices) do
    local others, fit = waits_of(draws)
    if fit then chosen = i - 1 break end
    passed[i] = others
  end
  if not fits then
    chosen = -1
    note(must, waits)
  elseif chosen < 0 then
    for i, draws in ipairs(choices) do note(draws, passed[i]) end
  else
    for _, draw in ipairs(must) do take(draw) end
    for _, draw in ipairs(choices[chosen + 1]) do take(draw) end
  end
  return cmsgpack.pack({chosen, waits, lefts_of(must), passed, chosen < 0 and {} or lefts_of(choices[chosen + 1])})
end

if op == 'look' then
  local counts = {}
  for i, draw in ipairs(must) do
    counts[i] = 0
    for age = 0, %(slots)d - 1 do
      local count = redis.pcall('GET', KEYS[draw[1]] .. ':refused:' .. (slot - age))
      counts[i] = counts[i] + (type(count) == 'string' and count:match('^%%d+$') and tonumber(count) or 0)
    end
  end
  return cmsgpack.pack({lefts_of(must), counts})
end

for _, draw in ipairs(must) do
  local key = KEYS[draw[1]]
  if op == 'renew' then
    hold(key, draw[5])
  elseif draw[3] == 0 then
    held(key)
    redis.call('ZREM', key, draw[5])
  else
    put(key, math.max(0, missing(draw) - draw[4]), draw[3])
  end
end
return ''
"""


class LimitScript(Struct, frozen=True):
    """The script's text, and the name that Redis knows it by once it has seen it."""

    text: str
    sha: str


def limit_script(time: str = SERVER_TIME) -> LimitScript:
    """Return the script; ``time`` is the expression in it that gives seconds and microseconds."""
    text = _SCRIPT % {
        "time": time,
        "slot_us": int(SLOT_S * 1_000_000),
        "slots": SLOTS,
        "place_wait": PLACE_WAIT_S,
        "grain": f"{GRAIN:.6f}",
        "longest_ms": _LONGEST_MS,
        "most": _MOST,
    }
    return LimitScript(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
