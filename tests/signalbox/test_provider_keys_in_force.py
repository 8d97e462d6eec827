"""Whole runtimes on one store: a key that is entered in one is used in the others, and rotation takes it along."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from router_core.admin.provider_keys import KeyChange, KeyOrder
from router_core.clock import SystemClock
from router_core.errors import InvalidAPIKeyError, LLMError
from router_core.types import LLMRequest, Principal, Secret
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings
from tests.support.core_fakes import ScriptedAdapters, answer

NAME = "openai-gpt4o-mini"
KEY, OTHER = Secret("sk-live-0123456789abcdefWXYZ"), Secret("sk-next-0123456789abcdefQRST")
WITHIN_S = 2.5
ANN = Principal(kind="person", id="u1", name="ann@example.com", role="owner", accounts=())
ASK = LLMRequest(prompt="Say hello", model_override=NAME)

Begin = Callable[[], Awaitable[Runtime]]


class Provider(ScriptedAdapters):
    """Answers every call, and knows which key each carried."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.always(NAME, answer("hello"))

    @property
    def carried(self) -> list[Secret]:
        return [call.key for call in self.calls]


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def begin(tmp_path: Path, provider: Provider) -> AsyncIterator[Begin]:
    """Starts runtimes on one data directory that have no key of the environment."""
    settings = read_settings({"SIGNALBOX_DATA_DIR": str(tmp_path), "SIGNALBOX_HEALTH_CHECKS": "false"})
    running: list[Runtime] = []

    async def starter() -> Runtime:
        running.append(await build(settings, overrides=Overrides(adapters=provider)))
        return running[-1]

    yield starter
    for runtime in running:
        await runtime.close()


async def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait, for as long as news may take, until ``condition`` holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + WITHIN_S
    while not condition() and loop.time() < end:
        await asyncio.wait([loop.create_future()], timeout=0.02)
    return condition()


def secrets(runtime: Runtime) -> list[Secret]:
    row = runtime.config.snapshot().by_name[NAME]
    return [each.key.secret for each in runtime.router.keys.all(row)]


async def test_a_key_entered_replaced_and_deleted_in_one_process_is_followed_by_the_other(
    begin: Begin, provider: Provider
) -> None:
    one, two = await begin(), await begin()
    made = await one.provider_keys.add_key(NAME, KeyOrder(key=KEY), ANN)
    await one.router.complete(ASK)
    assert await comes_true(lambda: secrets(two) == [KEY])
    await two.router.complete(ASK)
    assert provider.carried == [KEY, KEY]
    await one.provider_keys.change_key(NAME, made.id, KeyChange(key=OTHER), ANN)
    assert await comes_true(lambda: secrets(two) == [OTHER])
    await two.provider_keys.remove_key(NAME, made.id, ANN)
    assert await comes_true(lambda: secrets(one) == [])


async def test_a_key_outlives_a_restart_with_the_time_of_its_use_and_a_rotation(
    begin: Begin, provider: Provider, tmp_path: Path
) -> None:
    one = await begin()
    await one.provider_keys.add_key(NAME, KeyOrder(key=KEY), ANN)
    await one.router.complete(ASK)
    await one.close()
    two = await begin()
    (view,) = await two.provider_keys.keys(NAME, ANN)
    assert view.last_used_at is not None
    before = two.config.snapshot().provider_keys[row_id(two)][0].secret
    await two.encryption.rotate(ANN)
    await two.router.complete(ASK)
    assert await comes_true(lambda: two.config.snapshot().provider_keys[row_id(two)][0].secret != before)
    await two.router.complete(ASK)
    assert set(provider.carried) == {KEY}
    assert KEY.reveal().encode() not in everything_in(tmp_path)


async def test_without_a_key_nobody_is_asked_and_one_that_is_refused_is_a_notice(
    begin: Begin, provider: Provider
) -> None:
    runtime = await begin()
    with pytest.raises(LLMError) as refused:
        await runtime.router.complete(ASK)
    assert refused.value.message == "API key not found for provider: openai"
    assert not provider.calls
    await runtime.provider_keys.add_key(NAME, KeyOrder(key=KEY, label="main"), ANN)
    assert runtime.provider_keys.notices() == []
    provider.script(NAME, InvalidAPIKeyError("no", provider=NAME, upstream_status=401))
    with pytest.raises(LLMError):
        await runtime.router.complete(ASK)
    (notice,) = runtime.provider_keys.notices()
    assert (notice.provider, notice.text) == (NAME, "The key sk-li...WXYZ (main) was refused.")
    (view,) = await runtime.provider_keys.keys(NAME, ANN)
    assert (view.state, view.resting_ms > 0) == ("refused", True)


def row_id(runtime: Runtime) -> str:
    return runtime.config.snapshot().by_name[NAME].id


def everything_in(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())
