"""The start-up validator: what is configured, what is off and why, and what would keep the router from starting."""

import msgspec

from router_core.budgets.refusals import dollars
from router_core.types import Secret
from signalbox.settings import Settings

__all__ = ["Finding", "Level", "summarize", "worst_exit_code"]

Level = str
MARKS = {"ok": "✓", "open": "…", "off": "-", "warning": "⚠", "fault": "✗"}


class Finding(msgspec.Struct, frozen=True):
    """One line of the summary. ``level`` is ``ok``, ``open`` (only the start itself tells), ``off``, ``warning`` or
    ``fault`` (the router cannot start).
    """

    level: Level
    part: str
    text: str

    def line(self) -> str:
        """Return the finding as one line for people."""
        return f"{MARKS[self.level]} {self.part}: {self.text}"


def summarize(settings: Settings, *, demo: bool = False, stored_keys: int | None = 0) -> list[Finding]:
    """Return a line for every part; secrets and URLs with passwords are never shown.

    ``stored_keys`` is how many keys of providers the store has, None where that is not known.
    """
    findings = [_store(settings), _encryption(settings)]
    findings += [_demo_providers()] if demo else _providers(settings, stored_keys)
    findings += [_switches(settings), *_later_parts(settings), *_unused(settings)]
    return findings


def worst_exit_code(findings: list[Finding]) -> int:
    """Return 2 when the router could not start, 1 when something deserves a look, else 0."""
    levels = {finding.level for finding in findings}
    return 2 if "fault" in levels else int("warning" in levels)


def _store(settings: Settings) -> Finding:
    if settings.database_url is None:
        return Finding("ok", "store", f"SQLite in {settings.data_dir}")
    kind = "SQLite" if settings.store_url.startswith("sqlite") else "PostgreSQL"
    return Finding("ok", "store", f"{kind} from DATABASE_URL")


def _encryption(settings: Settings) -> Finding:
    if settings.encryption_key is not None:
        return Finding("ok", "encryption", "key from the environment")
    return Finding("ok", "encryption", f"key file {settings.data_dir / 'encryption.key'}; back it up")


def _demo_providers() -> Finding:
    return Finding("ok", "providers", "simulated; keys of the environment are ignored by the demo")


def _providers(settings: Settings, stored: int | None) -> list[Finding]:
    vendors = [
        _vendor("OpenAI", "OPENAI_API_KEY", settings.openai_api_key, settings.openai_base_url),
        _vendor("Anthropic", "ANTHROPIC_API_KEY", settings.anthropic_api_key, settings.anthropic_base_url),
    ]
    if stored:
        return [*vendors, Finding("ok", "stored keys", f"{stored} of providers, sealed")]
    if settings.openai_api_key is not None or settings.anthropic_api_key is not None:
        return vendors
    if stored is None:
        text = "no provider key is set, and the store cannot be asked whether it has one"
        return [*vendors, Finding("warning", "providers", text)]
    text = (
        "no provider key: set OPENAI_API_KEY or ANTHROPIC_API_KEY, store one with `signalbox providers keys add`, or "
        "start with --demo"
    )
    return [*vendors, Finding("fault", "providers", text)]


def _vendor(part: str, variable: str, key: Secret | None, base_url: str | None) -> Finding:
    if key is None:
        return Finding("off", part, f"{variable} is not set")
    return Finding("ok", part, f"key from {variable}" + (f", at {base_url}" if base_url else ""))


def _switches(settings: Settings) -> Finding:
    named = {
        "LLM_ENABLED": settings.llm_enabled,
        "LLM_OPENAI_ENABLED": settings.openai_enabled,
        "LLM_ANTHROPIC_ENABLED": settings.anthropic_enabled,
    }
    off = [name for name, on in named.items() if not on]
    if off:
        return Finding("warning", "switches", f"switched off by {', '.join(off)}")
    return Finding("ok", "switches", "all on")


def _later_parts(settings: Settings) -> list[Finding]:
    daily, monthly = dollars(settings.daily_budget), dollars(settings.monthly_budget)
    budgets = Finding("ok", "budgets", f"accounts without their own: {daily} a day, {monthly} a month")
    rate, burst = settings.rate_limit_rps, settings.rate_limit_burst
    limits = Finding("ok", "rate limits", f"accounts without their own: {rate:g} requests/s, {burst} at once")
    alerts = _mail(settings)
    if settings.redis_url is None:
        return [
            budgets,
            alerts,
            limits,
            Finding("off", "Redis", "REDIS_URL is not set; everything stays in this process"),
        ]
    return [
        budgets,
        alerts,
        limits,
        Finding("open", "Redis", "REDIS_URL is set; it has to answer before anything is served"),
    ]


def _mail(settings: Settings) -> Finding:
    if settings.smtp_url is None:
        return Finding("off", "alerts by e-mail", "SIGNALBOX_SMTP_URL is not set; webhooks work")
    return Finding("ok", "alerts by e-mail", f"sent from {settings.smtp_from}")


def _unused(settings: Settings) -> list[Finding]:
    if not settings.unused:
        return []
    return [Finding("off", "unused", f"{', '.join(settings.unused)}: nothing here uses them")]
