"""API keys in use: when they were used last, how soon an end is felt elsewhere, and who tries keys that are none."""

import asyncio
from datetime import timedelta

import pytest

from router_core.errors import RateLimitExceededError, UnauthorizedError
from router_core.ports import AccountRecord
from router_core.security.api_keys import KeyAuthenticator, NewApiKey, new_api_key
from router_core.security.key_throttle import OTHERS, KeyThrottle, RefusedKeys, ThrottlePolicy
from router_core.security.key_uses import KeyUses
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from tests.support.fake_clock import START, FakeClock

PEPPER = b"pepper-for-tests-0123456789"
HERE, THERE = "203.0.113.7", "198.51.100.9"


class World:
    """One store with a key, and as many nodes over it as a test asks for."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.accounts = MemoryAccountStore()
        self.keys = MemoryApiKeyStore(self.accounts)

    def node(self) -> KeyAuthenticator:
        return KeyAuthenticator(self.keys, self.accounts, PEPPER, self.clock)

    async def made(self, name: str = "k") -> NewApiKey:
        key = new_api_key(PEPPER, self.clock, account_id="acme", role="service", name=name)
        await self.keys.create(key.record)
        return key


@pytest.fixture
async def world() -> World:
    made = World()
    created = AccountRecord(id="acme", name="acme", timezone="UTC", is_active=True, created_at=START)
    await made.accounts.create(created)
    return made


async def refusal(node: KeyAuthenticator, key: str, address: str = HERE) -> str:
    """Return the code with which ``key`` is refused, "" where it is not."""
    try:
        await node.authenticate(key, address)
    except (UnauthorizedError, RateLimitExceededError) as error:
        return error.code
    return ""


def bad(number: int) -> str:
    return f"sbx_{number:016x}_{'x' * 43}"


# --- revocation, on every node --------------------------------------------------------------------------------------


async def test_a_revoked_key_is_refused_on_every_node_within_five_seconds(world: World) -> None:
    key, nodes = await world.made(), [world.node(), world.node()]
    text = key.key.reveal()
    for node in nodes:
        await node.authenticate(text)
    await world.keys.revoke(key.id, world.clock.utcnow())
    nodes[0].forget(key.id)
    assert await refusal(nodes[0], text) == "UNAUTHORIZED", "at once where it was revoked"
    for _ in range(10):  # a key that is never out of use is asked about all the same
        world.clock.advance(0.5)
        await refusal(nodes[1], text)
        await asyncio.sleep(0)
    assert await refusal(nodes[1], text) == "UNAUTHORIZED"


async def test_a_rolled_key_works_until_its_grace_ends_and_its_successor_at_once(world: World) -> None:
    old, nodes = await world.made(), [world.node(), world.node()]
    heir = new_api_key(PEPPER, world.clock, account_id="acme", role="service", name="k")
    for node in nodes:
        await node.authenticate(old.key.reveal())
    await world.keys.roll(old.id, heir.record, world.clock.utcnow() + timedelta(minutes=10))
    for _ in range(6):
        world.clock.advance(99)
        for node in nodes:
            assert await refusal(node, old.key.reveal()) == ""
            assert await refusal(node, heir.key.reveal()) == ""
            await asyncio.sleep(0)
    world.clock.advance(6)
    for node in nodes:
        assert await refusal(node, old.key.reveal()) == "UNAUTHORIZED"
        assert await refusal(node, heir.key.reveal()) == ""


# --- the last use -----------------------------------------------------------------------------------------------------


async def test_uses_wait_in_memory_and_are_told_to_the_minute(world: World) -> None:
    one, other, node = await world.made("one"), await world.made("other"), world.node()
    world.clock.advance(70)
    for _ in range(50):
        await node.authenticate(one.key.reveal())
    world.clock.advance(65)
    await node.authenticate(other.key.reveal())
    assert await refusal(node, bad(1)) == "UNAUTHORIZED"
    minute = timedelta(minutes=1)
    assert node.uses.take() == {one.id: START + minute, other.id: START + 2 * minute}
    assert node.uses.take() == {}


def test_uses_that_could_not_be_written_wait_for_the_next_time_and_yield_to_newer_ones() -> None:
    clock = FakeClock()
    uses = KeyUses(clock)
    uses.note("a")
    uses.note("b")
    taken = uses.take()
    clock.advance(300)
    uses.note("b")
    uses.give_back(taken)
    assert uses.take() == {"a": START, "b": START + timedelta(minutes=5)}


def test_a_wall_clock_that_is_set_moves_no_use_by_more_than_that() -> None:
    clock = FakeClock()
    uses = KeyUses(clock)
    uses.note("a")
    clock.shift_wall(timedelta(hours=1))
    assert uses.take() == {"a": START + timedelta(hours=1)}


# --- bad keys ---------------------------------------------------------------------------------------------------------


async def test_the_twenty_first_bad_key_of_a_minute_is_429_with_a_wait(world: World) -> None:
    node = world.node()
    world.clock.advance(5)
    codes = [await refusal(node, bad(number)) for number in range(25)]
    assert codes == ["UNAUTHORIZED"] * 20 + ["RATE_LIMIT_EXCEEDED"] * 5
    world.clock.advance(50)
    with pytest.raises(RateLimitExceededError) as caught:
        await node.authenticate(bad(99), HERE)
    assert caught.value.retry_after_ms == 10_001
    world.clock.advance(10)
    assert await refusal(node, bad(99)) == "UNAUTHORIZED"


async def test_tries_spread_over_the_minute_count_within_any_sixty_seconds(world: World) -> None:
    node, codes = world.node(), []
    for number in range(45):
        codes.append(await refusal(node, bad(number)))
        world.clock.advance(2)
    assert codes[:20] == ["UNAUTHORIZED"] * 20
    assert sum(code == "UNAUTHORIZED" for code in codes[20:]) <= 20
    assert "RATE_LIMIT_EXCEEDED" in codes


async def test_a_key_that_worked_lately_goes_on_working_from_the_very_address(world: World) -> None:
    node, known, unknown = world.node(), await world.made("known"), await world.made("unknown")
    await node.authenticate(known.key.reveal(), HERE)
    for number in range(30):
        await refusal(node, bad(number))
    world.clock.advance(30)  # long after its answer stopped being fresh
    assert await refusal(node, known.key.reveal()) == ""
    assert await refusal(node, unknown.key.reveal()) == "RATE_LIMIT_EXCEEDED"
    assert await refusal(node, unknown.key.reveal(), THERE) == ""
    assert await refusal(node, unknown.key.reveal()) == "", "known by now"


async def test_bad_keys_that_come_together_are_counted_together_and_good_ones_among_them_pass(world: World) -> None:
    node, good = world.node(), [await world.made(str(number)) for number in range(40)]
    tries = [bad(number) for number in range(60)] + [each.key.reveal() for each in good]
    codes = await asyncio.gather(*(refusal(node, key) for key in tries))
    assert codes[:60].count("UNAUTHORIZED") == 20
    assert codes[:60].count("RATE_LIMIT_EXCEEDED") == 40
    assert codes[60:] == [""] * 40


async def test_every_kind_of_bad_key_counts_and_good_ones_do_not(world: World) -> None:
    node, key = world.node(), await world.made()
    await world.keys.revoke(key.id, world.clock.utcnow())
    kinds = [bad(1), "", "x" * 10_000, key.key.reveal(), key.key.reveal()[:-1] + "!"]
    for each in kinds * 4:
        assert await refusal(node, each) == "UNAUTHORIZED"
    assert {await refusal(node, each) for each in kinds} == {"RATE_LIMIT_EXCEEDED"}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("a socket", "a socket", True),
    ],
)
def test_an_address_is_what_an_attacker_cannot_change_at_will(first: str, second: str, same: bool) -> None:
    throttle = KeyThrottle(FakeClock(), ThrottlePolicy(attempts=1))
    throttle.refused(first, None)
    if same:
        with pytest.raises(RateLimitExceededError):
            throttle.admit(second)
    else:
        throttle.admit(second)


def test_what_is_remembered_is_bounded_the_oldest_is_forgotten_first() -> None:
    throttle = KeyThrottle(FakeClock(), ThrottlePolicy(attempts=1, capacity=3))
    for number in range(4):
        throttle.refused(f"10.0.0.{number}", None)
    throttle.admit("10.0.0.0")
    with pytest.raises(RateLimitExceededError):
        throttle.admit("10.0.0.1")


async def test_a_flood_is_told_in_one_line_for_each_address_that_names_the_keys_it_meant(world: World) -> None:
    node, key = world.node(), await world.made()
    wrong = key.key.reveal()[:-1] + ("A" if key.key.reveal()[-1] != "A" else "B")
    await refusal(node, wrong)
    for number in range(99):
        await refusal(node, bad(number))
    await refusal(node, bad(1), THERE)
    assert list(node.throttle.take()) == [RefusedKeys(HERE, 20, 80, (key.id,)), RefusedKeys(THERE, 1, 0, ())]
    assert list(node.throttle.take()) == []


def test_a_flood_from_everywhere_is_told_in_fifty_one_lines() -> None:
    throttle = KeyThrottle(FakeClock())
    for number in range(1_000):
        throttle.refused(f"10.0.{number // 250}.{number % 250}", None)
    told = throttle.take()
    assert len(told) == 51
    assert told[-1] == RefusedKeys(OTHERS, 950, 0, ())


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"window_s": 0}, {"capacity": 0}])
def test_a_throttle_that_lets_nothing_pass_is_no_policy(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="throttle"):
        ThrottlePolicy(**wrong)
