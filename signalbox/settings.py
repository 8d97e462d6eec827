"""The one reader of the environment: all variables become one frozen value, or one error that lists every fault."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from router_core.journal.policy import FullPolicy, SyncMode
from router_core.types import NanoUSD, PersonRole, Secret
from signalbox.faults import SettingsError
from signalbox.variables import IGNORED_NAMES, IGNORED_PREFIXES, OWN_PREFIX, VARIABLES, Variable

__all__ = ["Settings", "load_settings", "read_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the environment decides; ``signalbox.variables`` says what each field means.

    Times are in seconds, budgets in nano-dollars. ``unused`` names variables that were set but mean nothing here.
    """

    data_dir: Path
    openai_api_key: Secret | None
    anthropic_api_key: Secret | None
    openai_base_url: str | None
    anthropic_base_url: str | None
    allowed_upstreams: tuple[str, ...]
    allowed_webhooks: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    max_connections: int
    max_connections_per_address: int
    smtp_url: Secret | None
    smtp_from: str | None
    public_url: str | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: Secret | None
    oidc_scopes: str
    oidc_newcomer_role: PersonRole | None
    database_url: Secret | None
    redis_url: Secret | None
    encryption_key: Secret | None
    llm_enabled: bool
    openai_enabled: bool
    anthropic_enabled: bool
    use_llm_router: bool
    rate_limit_rps: float
    rate_limit_burst: int
    daily_budget: NanoUSD
    monthly_budget: NanoUSD
    budget_alert_percent: float
    request_timeout_s: float
    connect_timeout_s: float
    first_token_timeout_s: float
    voice_first_token_timeout_s: float
    idle_timeout_s: float
    retry_attempts: int
    breaker_failures: int
    breaker_cooldown_s: float
    breaker_successes: int
    breaker_failure_percent: float | None
    breaker_slow_call_s: float | None
    breaker_slow_percent: float
    breaker_window_s: float
    breaker_minimum_calls: int
    retry_longest_wait_s: float
    retry_budget_percent: float
    retry_budget_floor: int
    hedge_budget_percent: float
    longest_rest_s: float
    provider_in_flight: int
    health_checks: bool
    health_interval_s: float
    health_timeout_s: float
    health_daily_cap: NanoUSD
    bad_keys_per_minute: int
    max_in_flight: int
    journal_sync: SyncMode
    journal_full: FullPolicy
    journal_limit_mb: int
    journal_segment_mb: int
    audit_batch: int
    audit_flush_s: float
    audit_queue: int
    cache_memory_mb: int
    drain_s: float
    linger_s: float
    telemetry_endpoint: str | None
    retention_audit_days: int
    retention_trace_days: int
    retention_content_days: int
    retention_metrics_days: int
    retention_usage_days: int
    retention_ledger_days: int
    retention_alerts_days: int
    retention_operations_days: int
    timezone: str
    log_level: str
    log_format: str
    url: str | None
    api_key: Secret | None
    unused: tuple[str, ...] = ()

    @property
    def store_url(self) -> str:
        """Where the store is; it may hold a password."""
        if self.database_url is not None:
            return self.database_url.reveal()
        return f"sqlite:///{self.data_dir.absolute() / 'signalbox.db'}"

    def in_folder(self, data_dir: Path | None) -> "Settings":
        """Return these settings with another data directory, or as they are for None."""
        return self if data_dir is None else replace(self, data_dir=data_dir)


def read_settings(env: Mapping[str, str]) -> Settings:
    """Return the settings that ``env`` holds; an empty variable counts as unset. Raises :class:`SettingsError`."""
    faults: list[str] = []
    values = {variable.field: _value(variable, env, faults) for variable in VARIABLES}
    if (values["smtp_url"] is None) != (values["smtp_from"] is None):
        faults.append("SIGNALBOX_SMTP_URL and SIGNALBOX_SMTP_FROM go together; set both or none")
    if values["rate_limit_burst"] < values["rate_limit_rps"]:
        faults.append("SIGNALBOX_RATE_LIMIT_BURST must be at least SIGNALBOX_RATE_LIMIT_RPS")
    if (values["oidc_issuer"] is None) != (values["oidc_client_id"] is None):
        faults.append("SIGNALBOX_OIDC_ISSUER and SIGNALBOX_OIDC_CLIENT_ID go together; set both or none")
    faults.extend(_unknown(env))
    if faults:
        raise SettingsError(faults)
    return Settings(**values, unused=_unused(env))


def load_settings() -> Settings:
    """Return the settings of this process. Raises :class:`SettingsError`."""
    return read_settings(os.environ)


def _value(variable: Variable, env: Mapping[str, str], faults: list[str]) -> Any:
    names = [name for name in (variable.name, variable.alias) if name and env.get(name, "").strip()]
    if not names:
        return variable.default
    if len({env[name] for name in names}) > 1:
        faults.append(f"{names[0]} and {names[1]} are both set and differ; keep one")
    try:
        return variable.parse(env[names[0]])
    except ValueError as error:
        faults.append(f"{names[0]} {error}")
        return variable.default


def _unknown(env: Mapping[str, str]) -> list[str]:
    known = [variable.name for variable in VARIABLES]
    return [_misspelt(name, known) for name in sorted(env) if name.startswith(OWN_PREFIX) and name not in known]


def _misspelt(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is not a variable of Signalbox{hint}"


def _unused(env: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in sorted(env) if name in IGNORED_NAMES or name.startswith(IGNORED_PREFIXES))
