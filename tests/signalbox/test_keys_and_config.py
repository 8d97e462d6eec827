"""Provider keys, the master key, and the switches of the environment."""

import base64
import stat
from typing import Any

import pytest

from router_core.router import StaticConfig
from router_core.types import Flags, ProviderConfig, Secret, Snapshot
from signalbox.environment_config import EnvironmentConfig
from signalbox.faults import DependencyFault, SettingsError
from signalbox.master_key import load_master_key
from signalbox.provider_keys import environment_keys
from signalbox.settings import Settings, read_settings


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


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1", "https://API.openai.com/v1"])
def test_the_environments_key_goes_to_the_vendors_own_host(base_url):
    keys = environment_keys(read_settings({"OPENAI_API_KEY": "sk-1"}))
    assert keys.key_for(provider(base_url=base_url)) == Secret("sk-1")


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
    assert keys.key_for(provider(base_url=base_url)) is None


def test_the_override_is_trusted_with_the_key():
    settings = read_settings({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    keys = environment_keys(settings)
    assert keys.key_for(provider(base_url="http://127.0.0.1:9/v1/")) == Secret("sk-1")
    assert keys.key_for(provider(base_url="http://127.0.0.1:8/v1")) is None


def test_an_accounts_own_provider_gets_no_key_of_the_environment():
    keys = environment_keys(read_settings({"OPENAI_API_KEY": "sk-1"}))
    assert keys.key_for(provider(account_id="a")) is None


def test_one_vendors_key_is_not_the_others():
    keys = environment_keys(read_settings({"OPENAI_API_KEY": "sk-1"}))
    assert keys.key_for(provider(kind="anthropic")) is None


def settings_in(folder: object, **env: str) -> Settings:
    return read_settings({"SIGNALBOX_DATA_DIR": str(folder), **env})


def test_the_key_file_is_made_once_and_private(tmp_path):
    first, second = load_master_key(settings_in(tmp_path)), load_master_key(settings_in(tmp_path))
    path = tmp_path / "encryption.key"
    assert (first.made, second.made) == (True, False)
    assert first.derive("x") == second.derive("x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32
    assert [entry.name for entry in tmp_path.iterdir()] == ["encryption.key"]


def test_each_purpose_has_a_key_of_its_own(tmp_path):
    master = load_master_key(settings_in(tmp_path))
    assert master.derive("one") != master.derive("other")
    assert master.derive("one") != (tmp_path / "encryption.key").read_bytes()


def test_a_passphrase_gives_the_same_key_everywhere_and_makes_no_file(tmp_path):
    env = {"SIGNALBOX_ENCRYPTION_KEY": "a passphrase of some length"}
    here, there = load_master_key(settings_in(tmp_path, **env)), load_master_key(settings_in("/elsewhere", **env))
    assert here.derive("x") == there.derive("x")
    assert not list(tmp_path.iterdir())


def test_32_bytes_in_base64_are_the_key_itself(tmp_path):
    (tmp_path / "encryption.key").write_bytes(bytes(range(32)))
    (tmp_path / "encryption.key").chmod(0o600)
    text = base64.b64encode(bytes(range(32))).decode()
    from_text = load_master_key(settings_in("/elsewhere", SIGNALBOX_ENCRYPTION_KEY=text))
    assert from_text.derive("x") == load_master_key(settings_in(tmp_path)).derive("x")


def test_a_damaged_key_file_is_refused_and_left_alone(tmp_path):
    (tmp_path / "encryption.key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="does not hold a key of 32 bytes"):
        load_master_key(settings_in(tmp_path))
    assert (tmp_path / "encryption.key").read_bytes() == b"short"


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    load_master_key(settings_in(tmp_path))
    (tmp_path / "encryption.key").chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        load_master_key(settings_in(tmp_path))


def test_a_key_path_that_is_a_folder_is_one_clear_fault(tmp_path):
    (tmp_path / "encryption.key").mkdir()
    with pytest.raises(DependencyFault, match="cannot be used: Is a directory"):
        load_master_key(settings_in(tmp_path))


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
