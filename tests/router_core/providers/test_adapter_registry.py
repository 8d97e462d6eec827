"""SDKs are loaded once, with their first adapter, off the event loop; clients are kept within bounds."""

import asyncio
import json
import subprocess
import sys

from router_core.providers import AdapterRegistry
from router_core.providers.client_cache import ClientCache
from router_core.types import Secret

FIRST_USE = """
import asyncio, json, sys, threading
import router_core.providers as providers
early = [name for name in ("openai", "anthropic", "httpx2", "aiohttp") if name in sys.modules]
places, real = [], __import__("importlib").import_module
class Spy:
    def find_spec(self, name, path=None, target=None):
        if name in ("openai", "anthropic"):
            places.append((name, threading.current_thread() is threading.main_thread()))
        return None
sys.meta_path.insert(0, Spy())
async def main():
    registry = providers.AdapterRegistry()
    found = await asyncio.gather(*(registry.adapter("openai") for _ in range(50)))
    await registry.close()
    return len({id(adapter) for adapter in found})
different = asyncio.run(main())
print(json.dumps({"early": early, "places": places, "different": different, "other": "anthropic" in sys.modules}))
"""


def test_fifty_first_uses_load_one_sdk_once_off_the_loop():
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {"early": [], "places": [["openai", False]], "different": 1, "other": False}


async def test_caller_that_gives_up_does_not_take_the_adapter_from_others():
    registry = AdapterRegistry()
    first = asyncio.create_task(registry.adapter("openai"))
    second = asyncio.create_task(registry.adapter("openai"))
    await asyncio.wait([first], timeout=0)
    first.cancel()
    assert await second is await registry.adapter("openai")
    await registry.close()


async def test_closing_twice_is_harmless():
    registry = AdapterRegistry()
    await registry.adapter("openai")
    await registry.close()
    await registry.close()


def test_client_is_made_once_for_each_place_and_key():
    made: list[tuple[str, str]] = []

    def make(base_url: str, key: str) -> object:
        made.append((base_url, key))
        return object()

    cache = ClientCache(make, limit=2)
    first = cache.client("http://a", Secret("one"))
    assert cache.client("http://a", Secret("one")) is first
    cache.client("http://a", Secret("two"))
    cache.client("http://a", Secret("one"))
    cache.client("http://b", Secret("one"))
    assert len(cache) == 2
    assert cache.client("http://a", Secret("one")) is first
    assert made == [("http://a", "one"), ("http://a", "two"), ("http://b", "one")]
