"""What the environment becomes."""

import base64
import dataclasses

import pytest

from router_core.types import NANO_PER_USD, Secret
from signalbox.faults import SettingsError
from signalbox.settings import Settings, read_settings
from signalbox.settings_table import markdown_table
from signalbox.variables import VARIABLES


def faults_of(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read_settings(env)
    return caught.value.faults


def test_an_empty_environment_gives_the_defaults():
    settings = read_settings({})
    assert (settings.rate_limit_rps, settings.rate_limit_burst) == (10.0, 50)
    assert (settings.daily_budget, settings.monthly_budget) == (100 * NANO_PER_USD, 1000 * NANO_PER_USD)
    assert settings.request_timeout_s == 60.0
    assert settings.timezone == "UTC"
    assert settings.openai_api_key is None


def test_every_default_in_the_table_is_what_its_own_parser_gives():
    """The column that people read and the value in force cannot drift apart."""
    for variable in VARIABLES:
        if variable.default not in (None, ()):
            assert variable.parse(variable.shown) == variable.default, variable.name


def test_every_field_has_exactly_one_variable():
    fields = [field.name for field in dataclasses.fields(Settings) if field.name != "unused"]
    assert sorted(fields) == sorted(variable.field for variable in VARIABLES)


def test_all_faults_are_listed_at_once_and_no_value_is_shown():
    env = {
        "OPENAI_API_KEY": "sk-hidden value",
        "OPENAI_BASE_URL": "ftp://hidden",
        "DATABASE_URL": "mysql://hidden@x/y",
        "REDIS_URL": "hidden",
        "LLM_ENABLED": "hidden",
        "SIGNALBOX_RATE_LIMIT_RPS": "nan",
        "SIGNALBOX_RATE_LIMIT_BURST": "0",
        "SIGNALBOX_DAILY_BUDGET_USD": "-1",
        "SIGNALBOX_TIMEZONE": "../hidden",
        "SIGNALBOX_ENCRYPTION_KEY": "hidden",
        "SIGNALBOX_LOG_LEVEL": "hidden",
        "SIGNALBOX_ALLOWED_UPSTREAMS": "good.example, hidden value",
        "SIGNALBOX_TRUSTED_PROXIES": "10.0.0.0/8, proxy.example",
        "SIGNALBOX_ALLOWED_HOSTS": "console.example:8501",
    }
    faults = faults_of(env)
    assert sorted(fault.split()[0] for fault in faults) == sorted(env)
    assert "hidden" not in "\n".join(faults)


def test_an_unknown_own_variable_is_refused_with_the_nearest_name():
    assert faults_of({"SIGNALBOX_RATELIMIT_RPS": "5"}) == (
        "SIGNALBOX_RATELIMIT_RPS is not a variable of Signalbox; did you mean SIGNALBOX_RATE_LIMIT_RPS?",
    )


def test_variables_of_other_programs_are_ignored():
    assert read_settings({"PATH": "/bin", "OPENAI_ORG": "x"}) == read_settings({})


def test_names_of_parts_that_do_not_exist_here_are_accepted_and_reported_as_unused():
    env = {"SUPABASE_URL": "x", "NEXT_PUBLIC_BASE_URL": "y", "ELEVENLABS_API_KEY": "z"}
    assert read_settings(env).unused == ("ELEVENLABS_API_KEY", "NEXT_PUBLIC_BASE_URL", "SUPABASE_URL")


def test_an_empty_variable_counts_as_unset():
    assert read_settings({"OPENAI_API_KEY": "", "SIGNALBOX_LOG_LEVEL": "  "}) == read_settings({})


def test_the_older_name_of_the_encryption_key_is_honoured():
    key = "a passphrase of some length"
    assert read_settings({"POSTGRES_ENCRYPTION_KEY": key}).encryption_key == Secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "changeme",
        "changeme-changeme",
        "Password password",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "too short",
        "a passphrase of some length\n",
        " a passphrase of some length",
        base64.b64encode(bytes(range(31))).decode(),
        base64.b64encode(bytes(range(33))).decode() + "\n",
        base64.b64encode(b"this is a text and no random key").decode(),
    ],
)
def test_an_encryption_key_that_is_short_broken_or_easily_guessed_is_refused_by_name_alone(key):
    (fault,) = faults_of({"SIGNALBOX_ENCRYPTION_KEY": key})
    assert fault.startswith("SIGNALBOX_ENCRYPTION_KEY must")
    assert key.strip() not in fault


@pytest.mark.parametrize(
    "key", ["correct horse battery staple", "0f" * 20 + "a1b2c3d4", base64.b64encode(bytes(range(32))).decode()]
)
def test_a_passphrase_of_some_length_or_32_random_bytes_are_an_encryption_key(key):
    assert read_settings({"SIGNALBOX_ENCRYPTION_KEY": key}).encryption_key == Secret(key)


def test_two_different_encryption_keys_are_a_fault():
    env = {"POSTGRES_ENCRYPTION_KEY": "one passphrase of length", "SIGNALBOX_ENCRYPTION_KEY": "another passphrase!"}
    assert faults_of(env) == ("SIGNALBOX_ENCRYPTION_KEY and POSTGRES_ENCRYPTION_KEY are both set and differ; keep one",)


def test_secrets_do_not_show_in_the_representation():
    env = {"OPENAI_API_KEY": "sk-visible", "DATABASE_URL": "postgresql://u:visible@h/d", "REDIS_URL": "redis://visible"}
    assert "visible" not in repr(read_settings(env))


def test_hosts_and_networks_may_be_mixed():
    env = {"SIGNALBOX_ALLOWED_UPSTREAMS": "LLM.internal, 10.0.0.0/8 ,fd00::/8,127.0.0.1"}
    assert read_settings(env).allowed_upstreams == ("llm.internal", "10.0.0.0/8", "fd00::/8", "127.0.0.1")


@pytest.mark.parametrize("env", [{"SIGNALBOX_RATE_LIMIT_RPS": "51"}, {"SIGNALBOX_RATE_LIMIT_BURST": "9"}])
def test_a_burst_smaller_than_the_rate_is_a_fault(env):
    assert list(faults_of(env)) == ["SIGNALBOX_RATE_LIMIT_BURST must be at least SIGNALBOX_RATE_LIMIT_RPS"]


def test_hosts_of_the_server_are_names_without_ports():
    env = {"SIGNALBOX_ALLOWED_HOSTS": "Console.example., [::1],10.0.0.1"}
    assert read_settings(env).allowed_hosts == ("console.example", "::1", "10.0.0.1")


@pytest.mark.parametrize("text", ["true", "1", "YES", "on"])
def test_flags_read_common_words(text):
    assert read_settings({"LLM_ENABLED": text}).llm_enabled


@pytest.mark.parametrize("url", ["http://u:p@h", "http://h/?q=1", "h:80", "http://", "http://h:99999", "http://[::1"])
def test_base_urls_with_more_than_a_place_are_refused(url):
    assert faults_of({"OPENAI_BASE_URL": url})[0].startswith("OPENAI_BASE_URL must be")


def test_the_last_slash_of_a_base_url_does_not_matter():
    assert read_settings({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/"}).openai_base_url == "http://127.0.0.1:9/v1"


def test_the_markdown_table_has_a_row_for_every_variable():
    rows = markdown_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [variable.name for variable in VARIABLES]
    assert all(row.count("|") == 4 for row in rows)


@pytest.mark.parametrize("role", ["owner", "admin", "king"])
def test_whom_a_sign_in_provider_brings_never_gets_rights_over_others(role):
    assert read_settings({"SIGNALBOX_OIDC_NEWCOMER_ROLE": "viewer"}).oidc_newcomer_role == "viewer"
    assert faults_of({"SIGNALBOX_OIDC_NEWCOMER_ROLE": role})[0].startswith("SIGNALBOX_OIDC_NEWCOMER_ROLE must be")
