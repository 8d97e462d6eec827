"""Every environment variable that Signalbox reads, in one table; the settings and the README's table come from it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from router_core.types import NANO_PER_USD
from signalbox import parsers
from signalbox.mail_settings import parse_mail_address, parse_smtp_url
from signalbox.openid_settings import parse_client_id, parse_issuer, parse_newcomer_role, parse_scopes

__all__ = ["IGNORED_NAMES", "IGNORED_PREFIXES", "OWN_PREFIX", "TEST_NAMES", "VARIABLES", "Variable"]

OWN_PREFIX: Final = "SIGNALBOX_"
IGNORED_PREFIXES: Final = ("SUPABASE_", "NEXT_PUBLIC_")
IGNORED_NAMES: Final = frozenset({"ELEVENLABS_API_KEY"})
TEST_NAMES: Final = ("TEST_RECORDINGS", "TEST_TRACES", "REQUIRE_TEST_DATA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable: its name, the field of ``Settings`` it fills, and how its text becomes a value.

    ``shown`` is the default as people read it; ``alias`` an older name that is honoured too.
    """

    name: str
    field: str
    meaning: str
    parse: Callable[[str], Any]
    default: Any = None
    shown: str = "-"
    alias: str | None = None


def _row(name: str, field: str, parse: Callable[[str], Any], default: tuple[Any, str], meaning: str) -> Variable:
    value, shown = default
    return Variable(name=name, field=field, parse=parse, default=value, shown=shown, meaning=meaning)


def _seconds(name: str, field: str, default: int, meaning: str) -> Variable:
    return _row(name, field, parsers.parse_number(most=3600), (float(default), str(default)), meaning)


def _count(name: str, field: str, default: int, meaning: str) -> Variable:
    return _row(name, field, parsers.parse_whole(least=1, most=100_000), (default, str(default)), meaning)


_UNSET: Final = (None, "-")
_ON: Final = (True, "true")


def _days(what: str, field: str, default: int, meaning: str) -> Variable:
    parse = parsers.parse_whole(least=0, most=36_500)
    name = f"SIGNALBOX_RETENTION_{what}_DAYS"
    return _row(name, field, parse, (default, str(default)), f"days that {meaning} are kept; 0 for ever")


VARIABLES: Final = (
    _row(
        "SIGNALBOX_DATA_DIR",
        "data_dir",
        parsers.parse_path,
        (Path(".signalbox"), ".signalbox"),
        "folder of the store, the key file and the demo's facts; `--data-dir` wins",
    ),
    _row(
        "OPENAI_API_KEY",
        "openai_api_key",
        parsers.parse_secret,
        _UNSET,
        "key for OpenAI, sent only to the vendor's own host or `OPENAI_BASE_URL`; the demo ignores it",
    ),
    _row(
        "ANTHROPIC_API_KEY",
        "anthropic_api_key",
        parsers.parse_secret,
        _UNSET,
        "key for Anthropic, sent only to the vendor's own host or `ANTHROPIC_BASE_URL`; the demo ignores it",
    ),
    _row("OPENAI_BASE_URL", "openai_base_url", parsers.parse_base_url, (None, "SDK's"), "upstream override, trusted"),
    _row(
        "ANTHROPIC_BASE_URL",
        "anthropic_base_url",
        parsers.parse_base_url,
        (None, "SDK's"),
        "upstream override, trusted",
    ),
    _row(
        "SIGNALBOX_ALLOWED_UPSTREAMS",
        "allowed_upstreams",
        parsers.parse_hosts,
        ((), "none"),
        "hosts or CIDR blocks that a provider's base URL may name besides the vendors' own, and a tool server's URL",
    ),
    _row(
        "SIGNALBOX_ALLOWED_WEBHOOKS",
        "allowed_webhooks",
        parsers.parse_hosts,
        ((), "none"),
        "hosts or CIDR blocks inside your own network that alerts may be posted to",
    ),
    _row(
        "SIGNALBOX_TRUSTED_PROXIES",
        "trusted_proxies",
        parsers.parse_networks,
        ((), "none"),
        "addresses or CIDR blocks of proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed",
    ),
    _row(
        "SIGNALBOX_ALLOWED_HOSTS",
        "allowed_hosts",
        parsers.parse_host_names,
        ((), "any"),
        "names and addresses under which the server may be asked; other `Host` headers get 400",
    ),
    _count("SIGNALBOX_MAX_CONNECTIONS", "max_connections", 4096, "open connections of a process; more get 503"),
    _count(
        "SIGNALBOX_MAX_CONNECTIONS_PER_ADDRESS",
        "max_connections_per_address",
        1024,
        "open connections of one address and process, trusted proxies excepted",
    ),
    _row(
        "SIGNALBOX_SMTP_URL",
        "smtp_url",
        parse_smtp_url,
        (None, "off"),
        "mail server for alerts: `smtp://user:password@host:587?starttls=true` or `smtps://…`",
    ),
    _row(
        "SIGNALBOX_PUBLIC_URL",
        "public_url",
        parsers.parse_base_url,
        (None, "as requests say"),
        "where browsers reach the console, for the way back from a sign-in provider",
    ),
    _row(
        "SIGNALBOX_OIDC_ISSUER",
        "oidc_issuer",
        parse_issuer,
        (None, "off"),
        "OpenID Connect provider that people may sign in with; its verified e-mail address names the person",
    ),
    _row("SIGNALBOX_OIDC_CLIENT_ID", "oidc_client_id", parse_client_id, _UNSET, "who we are to that provider"),
    _row("SIGNALBOX_OIDC_CLIENT_SECRET", "oidc_client_secret", parsers.parse_secret, _UNSET, "what proves it there"),
    _row(
        "SIGNALBOX_OIDC_SCOPES",
        "oidc_scopes",
        parse_scopes,
        ("openid email", "openid email"),
        "what is asked of that provider; `openid` and `email` are needed",
    ),
    _row(
        "SIGNALBOX_OIDC_NEWCOMER_ROLE",
        "oidc_newcomer_role",
        parse_newcomer_role,
        (None, "nobody is made"),
        "role of people whom that provider vouches for and nobody here knows; they are made, and belong to no account",
    ),
    _row("SIGNALBOX_SMTP_FROM", "smtp_from", parse_mail_address, _UNSET, "the address that alerts are mailed from"),
    _row(
        "DATABASE_URL",
        "database_url",
        parsers.parse_database_url,
        (None, "SQLite in the data directory"),
        "SQLAlchemy URL of the store: SQLite or PostgreSQL (psycopg 3)",
    ),
    _row("REDIS_URL", "redis_url", parsers.parse_redis_url, (None, "off"), "shared limits and cache"),
    Variable(
        name="SIGNALBOX_ENCRYPTION_KEY",
        alias="POSTGRES_ENCRYPTION_KEY",
        field="encryption_key",
        parse=parsers.parse_master_key,
        shown="key file",
        meaning="passphrase or 32 bytes in base64 that seals stored secrets and keys their hashes",
    ),
    _row("LLM_ENABLED", "llm_enabled", parsers.parse_flag, _ON, "false: no provider is used at all"),
    _row("LLM_OPENAI_ENABLED", "openai_enabled", parsers.parse_flag, _ON, "false: OpenAI's providers are not used"),
    _row(
        "LLM_ANTHROPIC_ENABLED",
        "anthropic_enabled",
        parsers.parse_flag,
        _ON,
        "false: Anthropic's providers are not used",
    ),
    _row(
        "USE_LLM_ROUTER",
        "use_llm_router",
        parsers.parse_flag,
        _ON,
        "client library: false makes `call_with_fallback` go straight to its fallback",
    ),
    _row(
        "SIGNALBOX_RATE_LIMIT_RPS",
        "rate_limit_rps",
        parsers.parse_number(most=1e6),
        (10.0, "10"),
        "requests a second and account",
    ),
    _row(
        "SIGNALBOX_RATE_LIMIT_BURST",
        "rate_limit_burst",
        parsers.parse_whole(least=1, most=1_000_000),
        (50, "50"),
        "requests at once and account",
    ),
    _row(
        "SIGNALBOX_DAILY_BUDGET_USD",
        "daily_budget",
        parsers.parse_usd_amount,
        (100 * NANO_PER_USD, "100"),
        "daily budget of accounts without one of their own",
    ),
    _row(
        "SIGNALBOX_MONTHLY_BUDGET_USD",
        "monthly_budget",
        parsers.parse_usd_amount,
        (1000 * NANO_PER_USD, "1000"),
        "monthly budget of accounts without one of their own",
    ),
    _row(
        "SIGNALBOX_BUDGET_ALERT_PERCENT",
        "budget_alert_percent",
        parsers.parse_number(most=100),
        (80.0, "80"),
        "share of a budget at which an alert is raised",
    ),
    _row(
        "SIGNALBOX_REQUEST_TIMEOUT_S",
        "request_timeout_s",
        parsers.parse_number(most=3600),
        (60.0, "60"),
        "seconds for a whole request",
    ),
    _seconds("SIGNALBOX_CONNECT_TIMEOUT_S", "connect_timeout_s", 5, "seconds to connect to a provider"),
    _seconds("SIGNALBOX_FIRST_TOKEN_TIMEOUT_S", "first_token_timeout_s", 15, "seconds to a stream's first token"),
    _seconds(
        "SIGNALBOX_VOICE_FIRST_TOKEN_TIMEOUT_S", "voice_first_token_timeout_s", 4, "the same for the use case voice"
    ),
    _seconds("SIGNALBOX_IDLE_TIMEOUT_S", "idle_timeout_s", 15, "seconds between a stream's tokens"),
    _count("SIGNALBOX_RETRY_ATTEMPTS", "retry_attempts", 3, "calls for one request, over all providers"),
    _count("SIGNALBOX_BREAKER_FAILURES", "breaker_failures", 5, "failures in a row that open a provider's breaker"),
    _seconds("SIGNALBOX_BREAKER_COOLDOWN_S", "breaker_cooldown_s", 60, "seconds that an open breaker waits"),
    _count("SIGNALBOX_BREAKER_SUCCESSES", "breaker_successes", 2, "successes in a row that close it again"),
    _row(
        "SIGNALBOX_BREAKER_FAILURE_PERCENT",
        "breaker_failure_percent",
        parsers.parse_number(most=100),
        (None, "off"),
        "share of failed calls within the window that opens a breaker too",
    ),
    _row(
        "SIGNALBOX_BREAKER_SLOW_CALL_S",
        "breaker_slow_call_s",
        parsers.parse_number(most=3600),
        (None, "off"),
        "seconds from which a call (a stream: its first token) counts as slow",
    ),
    _row(
        "SIGNALBOX_BREAKER_SLOW_PERCENT",
        "breaker_slow_percent",
        parsers.parse_number(most=100),
        (80.0, "80"),
        "share of slow calls within the window that opens a breaker",
    ),
    _seconds("SIGNALBOX_BREAKER_WINDOW_S", "breaker_window_s", 60, "the window of both rules, in seconds"),
    _count("SIGNALBOX_BREAKER_MINIMUM_CALLS", "breaker_minimum_calls", 20, "calls in the window before a rule judges"),
    _seconds(
        "SIGNALBOX_RETRY_LONGEST_WAIT_S",
        "retry_longest_wait_s",
        5,
        "longest wait before a repeat; who is asked to wait longer goes elsewhere",
    ),
    _row(
        "SIGNALBOX_RETRY_BUDGET_PERCENT",
        "retry_budget_percent",
        parsers.parse_number(most=100),
        (20.0, "20"),
        "repeats at a provider, as a share of its calls in ten seconds",
    ),
    _count("SIGNALBOX_RETRY_BUDGET_FLOOR", "retry_budget_floor", 3, "repeats (and hedges) in 10 s always allowed"),
    _row(
        "SIGNALBOX_HEDGE_BUDGET_PERCENT",
        "hedge_budget_percent",
        parsers.parse_number(most=100),
        (10.0, "10"),
        "hedges, as a share of the requests that may be hedged",
    ),
    _seconds("SIGNALBOX_LONGEST_REST_S", "longest_rest_s", 900, "longest rest granted to a provider's `Retry-After`"),
    _count("SIGNALBOX_PROVIDER_IN_FLIGHT", "provider_in_flight", 1000, "calls to a provider at once, at most"),
    _row("SIGNALBOX_HEALTH_CHECKS", "health_checks", parsers.parse_flag, _ON, "false: no provider is asked actively"),
    _seconds("SIGNALBOX_HEALTH_INTERVAL_S", "health_interval_s", 60, "seconds between two active checks of a provider"),
    _seconds("SIGNALBOX_HEALTH_TIMEOUT_S", "health_timeout_s", 5, "seconds that an active check may take"),
    _row(
        "SIGNALBOX_HEALTH_DAILY_CAP_USD",
        "health_daily_cap",
        parsers.parse_usd_amount,
        (NANO_PER_USD // 20, "0.05"),
        "what active checks may cost a day and process",
    ),
    _count("SIGNALBOX_BAD_KEYS_PER_MINUTE", "bad_keys_per_minute", 20, "wrong API keys from one address before 429"),
    _count("SIGNALBOX_MAX_IN_FLIGHT", "max_in_flight", 1000, "requests served at once; more are shed with 503"),
    _row(
        "SIGNALBOX_JOURNAL_SYNC",
        "journal_sync",
        parsers.parse_choice("off", "interval", "each"),
        ("interval", "interval"),
        "when the journal waits for the disk: never, every second, or before each answer; a crash loses nothing in any",
    ),
    _row(
        "SIGNALBOX_JOURNAL_FULL",
        "journal_full",
        parsers.parse_choice("block", "drop"),
        ("block", "block"),
        "what requests meet while the journal cannot be written: 503, or service with a gap on record",
    ),
    _count("SIGNALBOX_JOURNAL_LIMIT_MB", "journal_limit_mb", 1024, "largest journal in MiB, for the store's outages"),
    _count("SIGNALBOX_JOURNAL_SEGMENT_MB", "journal_segment_mb", 8, "MiB that the journal takes from the disk at once"),
    _count("SIGNALBOX_AUDIT_BATCH", "audit_batch", 100, "events that are brought into the store at once"),
    _seconds("SIGNALBOX_AUDIT_FLUSH_S", "audit_flush_s", 5, "seconds until an event is in the store, at most"),
    _count("SIGNALBOX_AUDIT_QUEUE", "audit_queue", 1000, "events that wait in memory; more of them wait on disk"),
    _count("SIGNALBOX_CACHE_MEMORY_MB", "cache_memory_mb", 64, "MiB of answers kept in the process, without Redis"),
    _days("AUDIT", "retention_audit_days", 400, "rows of the audit log"),
    _days("TRACE", "retention_trace_days", 30, "decision traces and details of acts"),
    _days("CONTENT", "retention_content_days", 30, "prompts and answers, where an account allows them,"),
    _days("METRICS", "retention_metrics_days", 400, "hourly figures (by the minute 2 days, by ten minutes 9)"),
    _days("USAGE", "retention_usage_days", 800, "hours of usage by account"),
    _days("LEDGER", "retention_ledger_days", 0, "posts of the ledger"),
    _days("ALERTS", "retention_alerts_days", 400, "alerts and what became of them"),
    _days("OPERATIONS", "retention_operations_days", 90, "transitions of breakers, uptime and ended sessions"),
    _seconds("SIGNALBOX_DRAIN_S", "drain_s", 30, "seconds that requests under way get when the server is stopped"),
    _seconds(
        "SIGNALBOX_LINGER_S",
        "linger_s",
        5,
        "seconds that idle connections stay open when a worker of `serve` is stopped, for requests on their way",
    ),
    _row(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "telemetry_endpoint",
        parsers.parse_base_url,
        (None, "off"),
        "where OpenTelemetry traces and metrics go by OTLP over HTTP; needs the extra `telemetry`",
    ),
    _row("SIGNALBOX_TIMEZONE", "timezone", parsers.parse_timezone, ("UTC", "UTC"), "calendar of new accounts' budgets"),
    _row(
        "SIGNALBOX_LOG_LEVEL",
        "log_level",
        parsers.parse_choice("debug", "info", "warning", "error"),
        ("info", "info"),
        "least level of the log: debug, info, warning or error",
    ),
    _row(
        "SIGNALBOX_LOG_FORMAT",
        "log_format",
        parsers.parse_choice("text", "json"),
        ("text", "text"),
        "text for people, json for machines; always on standard error",
    ),
    _row(
        "SIGNALBOX_URL",
        "url",
        parsers.parse_base_url,
        _UNSET,
        "where the client library, `ask`, `replay` and `console` find a running server",
    ),
    _row(
        "SIGNALBOX_API_KEY",
        "api_key",
        parsers.parse_secret,
        _UNSET,
        "the key they use there; of a `console` an admin key, which makes it believed where its visitors are",
    ),
)
