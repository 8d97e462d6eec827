"""What the library hands out, and how little it costs to import."""

import os
import subprocess
import sys

import pytest

import router_core

HEAVY = ("openai", "anthropic", "sqlalchemy", "streamlit", "pandas", "starlette", "aiohttp")
# In processor seconds, since a busy machine lets an interpreter wait, and beside modules of the standard library that
# take some 0.07 of them on an idle machine.
_TIMED = """
import time
def cost(module):
    began = time.process_time()
    __import__(module)
    return time.process_time() - began
usual = cost("asyncio") + cost("http.client") + cost("xml.dom.minidom") + cost("unittest.mock")
print(cost("{module}") / usual)
"""


def in_fresh_interpreter(program: str) -> str:
    """Return what ``program`` prints in an interpreter that has imported nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, env=dict(os.environ)
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", router_core.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(router_core, name) is not None


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(router_core.__all__) == [
        "AdapterRegistry", "AsyncRouterClient", "BudgetTracker", "CostEstimator", "LLMError", "LLMRequest",
        "LLMResponse", "Message", "Principal",
        "ProviderConfig", "Router", "RouterClient", "RouterPolicy", "Secret", "Snapshot", "StaticConfig", "ToolCall",
        "ToolFormat", "Usage", "decrypt_key", "encrypt_key", "get_error_code", "is_retryable", "mask_api_key",
        "rotate_encryption_keys", "router_call", "router_call_stream", "sanitize_object", "to_llm_error",
    ]  # fmt: skip
    assert dir(router_core) == sorted(router_core.__all__)
    assert set(router_core._ROOM_OF) == set(router_core.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Manager'"):
        _ = router_core.Manager


@pytest.mark.parametrize(("module", "times"), [("router_core", 0.5), ("router_core.client", 3.0)])
def test_importing_is_quick(module: str, times: float) -> None:
    assert min(float(in_fresh_interpreter(_TIMED.format(module=module))) for _ in range(3)) <= times


@pytest.mark.parametrize("program", ["import router_core", "from router_core import Router, LLMRequest, LLMError"])
def test_importing_loads_nothing_heavy(program: str) -> None:
    loaded = in_fresh_interpreter(f"{program}; import sys; print(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)
