"""Provider keys and the switches of the environment."""

from typing import Any

import pytest

from router_core.router import StaticConfig
from router_core.types import Flags, ProviderConfig, Secret, Snapshot
from signalbox.environment_config import EnvironmentConfig
from signalbox.provider_keys import EnvironmentKeys, environment_keys
from signalbox.settings import read_settings


def provider(**changes: Any) -> ProviderConfig:
    facts: dict[str, Any] = {
        "id": "p",
        "name": "p",
        "kind": "openai",
        "model": "gpt-4o",
        "use_cases": ("general",),
        "max_tokens": 100,
        "context_window": 1000,
        **changes,
    }
    return ProviderConfig(**facts)


def secret(keys: EnvironmentKeys, **changes: Any) -> Secret | None:
    found = keys.key_for(provider(**changes))
    return None if found is None else found.secret


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1", "https://API.openai.com/v1"])
def test_the_environments_key_goes_to_the_vendors_own_host(base_url):
    keys = environment_keys(read_settings({"OPENAI_API_KEY": "sk-1"}))
    assert secret(keys, base_url=base_url) == Secret("sk-1")


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com.evil.example/v1",
        "https://api.openai.com@evil.example/v1",
        "https://evil.example/api.openai.com",
        "https://api.openai.com:444/v1",
        "https://api.anthropic.com",
    ],
)
def test_the_environments_key_goes_to_no_other_host(base_url):
    keys = environment_keys(read_settings({"OPENAI_API_KEY": "sk-1"}))
    assert secret(keys, base_url=base_url) is None


def test_the_override_is_trusted_with_the_key():
    settings = read_settings({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    keys = environment_keys(settings)
    assert secret(keys, base_url="http://127.0.0.1:9/v1/") == Secret("sk-1")
    assert secret(keys, base_url="http://127.0.0.1:8/v1") is None


def test_one_vendors_key_is_not_the_others():
    keys = environment_keys(read_settings({"OPENAI_API_KEY": "sk-1"}))
    assert secret(keys, kind="anthropic") is None


def test_a_switch_that_is_off_in_the_environment_is_off_whatever_the_store_says():
    config = EnvironmentConfig(StaticConfig([provider()]), read_settings({"LLM_OPENAI_ENABLED": "false"}))
    assert config.snapshot().flags == Flags(openai=False)


def test_a_switch_that_is_off_in_the_store_stays_off():
    inner = StaticConfig(Snapshot([provider()], flags=Flags(llm=False), revision=3))
    config = EnvironmentConfig(inner, read_settings({"LLM_ANTHROPIC_ENABLED": "no"}))
    assert config.snapshot().flags == Flags(llm=False, anthropic=False)
    assert config.snapshot().revision == 3


def test_a_new_snapshot_of_the_store_is_dressed_once_and_handed_on():
    inner = StaticConfig(Snapshot([provider()], revision=1))
    config = EnvironmentConfig(inner, read_settings({"LLM_ENABLED": "false"}))
    inner.replace(Snapshot([provider()], revision=2))
    assert config.snapshot().revision == 2
    assert config.snapshot() is config.snapshot()
