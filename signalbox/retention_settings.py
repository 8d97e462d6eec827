"""How long each table is kept, by the settings."""

from router_core.types import RetentionRule
from signalbox.settings import Settings

__all__ = ["retention_rules"]

# What the screens of a day and a week need, and a day more.
MINUTE_DAYS = 2
TEN_MINUTE_DAYS = 9
# What was spent in a period, where the ledger is kept for ever.
POT_DAYS = 800
# An answer is kept for a day, and nobody holds a key for longer.
IDEMPOTENT_DAYS = 1


def retention_rules(settings: Settings) -> list[RetentionRule]:
    """Return the rule of every table."""
    return [
        RetentionRule("audit_log", settings.retention_audit_days),
        RetentionRule("audit_traces", settings.retention_trace_days),
        RetentionRule("audit_contents", settings.retention_content_days),
        RetentionRule("metric_minutes", MINUTE_DAYS),
        RetentionRule("metric_ten_minutes", TEN_MINUTE_DAYS),
        RetentionRule("metric_hours", settings.retention_metrics_days),
        RetentionRule("usage_hours", settings.retention_usage_days),
        RetentionRule("ledger_posts", settings.retention_ledger_days),
        RetentionRule("budget_pots", settings.retention_ledger_days or POT_DAYS),
        RetentionRule("alert_deliveries", settings.retention_alerts_days),
        RetentionRule("alerts", settings.retention_alerts_days),
        RetentionRule("breaker_transitions", settings.retention_operations_days),
        RetentionRule("health_slots", settings.retention_operations_days),
        RetentionRule("idempotent_answers", IDEMPOTENT_DAYS),
        RetentionRule("console_sessions", settings.retention_operations_days),
    ]
