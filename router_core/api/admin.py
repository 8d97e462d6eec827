"""The paths of operators and administrators, each with its permission."""

from collections.abc import Mapping

from router_core.api.admin_accounts import ACCOUNT_PATHS
from router_core.api.admin_alerts import (
    change_channel,
    list_alerts,
    list_channels,
    list_deliveries,
    make_channel,
    remove_channel,
    retry_delivery,
    show_secret,
    test_channel,
)
from router_core.api.admin_audit import list_audit, show_audit
from router_core.api.admin_bills import reconcile_usage, report_outlook, report_savings
from router_core.api.admin_breakers import close_breaker, list_breakers, open_breaker, reset_breaker
from router_core.api.admin_budgets import drop_budget, list_budgets, set_budget
from router_core.api.admin_cache import call_match_wrong, list_matches, purge_cache, report_cache
from router_core.api.admin_config import (
    apply_config,
    apply_draft,
    compare_versions,
    drop_draft,
    keep_draft,
    list_config_versions,
    review_config,
    roll_back,
    set_flags,
    show_config,
    show_draft,
    show_version,
)
from router_core.api.admin_drills import list_drills, start_drill, stop_drill
from router_core.api.admin_encryption import report_encryption, rotate_keys
from router_core.api.admin_export import export_audit
from router_core.api.admin_health import list_actions, report_board, report_dependencies
from router_core.api.admin_keys import KEY_PATHS
from router_core.api.admin_leases import list_leases, write_off_lease
from router_core.api.admin_limits import LIMIT_PATHS
from router_core.api.admin_nodes import list_nodes
from router_core.api.admin_people import PEOPLE_PATHS
from router_core.api.admin_prices import (
    export_prices,
    import_prices,
    list_prices,
    list_versions,
    rerate_requests,
    set_prices,
)
from router_core.api.admin_provider_keys import PROVIDER_KEY_PATHS
from router_core.api.admin_providers import (
    add_provider,
    change_provider,
    delete_provider,
    list_providers,
    probe_entry,
    probe_provider,
    show_provider,
)
from router_core.api.admin_stats import report_retention, report_stats
from router_core.api.admin_tools import TOOL_PATHS
from router_core.api.admin_topups import (
    approve_topup,
    ask_topup,
    deny_topup,
    end_topup,
    list_topups,
    withdraw_topup,
)
from router_core.api.admin_use_cases import list_use_cases, reset_policy, set_policy
from router_core.api.endpoint import Action

__all__ = ["ADMIN_PATHS"]

ADMIN_PATHS: Mapping[str, Mapping[str, Action]] = {
    "/api/admin/breakers": {"GET": Action("health.read", list_breakers)},
    "/api/admin/breakers/{id}/reset": {"POST": Action("breakers.control", reset_breaker)},
    "/api/admin/breakers/{id}/open": {"POST": Action("breakers.control", open_breaker)},
    "/api/admin/breakers/{id}/close": {"POST": Action("breakers.control", close_breaker)},
    "/api/admin/budgets": {"GET": Action("budgets.read", list_budgets), "PUT": Action("budgets.edit", set_budget)},
    "/api/admin/budgets/{id}": {"DELETE": Action("budgets.edit", drop_budget)},
    "/api/admin/prices": {"GET": Action("prices.read", list_prices), "PUT": Action("prices.edit", set_prices)},
    "/api/admin/prices/versions": {"GET": Action("prices.read", list_versions)},
    "/api/admin/prices/sheet": {
        "GET": Action("prices.read", export_prices),
        "POST": Action("prices.edit", import_prices),
    },
    "/api/admin/prices/rerating": {"GET": Action("prices.read", rerate_requests)},
    "/api/admin/usage/reconcile": {"POST": Action("bills.read", reconcile_usage)},
    "/api/admin/savings": {"GET": Action("bills.read", report_savings)},
    "/api/admin/outlook": {"GET": Action("bills.read", report_outlook)},
    "/api/admin/alerts": {"GET": Action("alerts.read", list_alerts)},
    "/api/admin/alerts/channels": {
        "GET": Action("alerts.read", list_channels),
        "POST": Action("alerts.edit", make_channel, shows_secrets=True),
    },
    "/api/admin/alerts/channels/{id}": {
        "PUT": Action("alerts.edit", change_channel, shows_secrets=True),
        "DELETE": Action("alerts.edit", remove_channel),
    },
    "/api/admin/alerts/channels/{id}/test": {"POST": Action("alerts.edit", test_channel)},
    "/api/admin/alerts/channels/{id}/secret": {"GET": Action("alerts.edit", show_secret, shows_secrets=True)},
    "/api/admin/alerts/deliveries": {"GET": Action("alerts.read", list_deliveries)},
    "/api/admin/alerts/deliveries/{id}/retry": {"POST": Action("alerts.edit", retry_delivery)},
    "/api/admin/topups": {"GET": Action("topups.read", list_topups), "POST": Action("topups.ask", ask_topup)},
    "/api/admin/topups/{id}/approve": {"POST": Action("topups.decide", approve_topup)},
    "/api/admin/topups/{id}/deny": {"POST": Action("topups.decide", deny_topup)},
    "/api/admin/topups/{id}/withdraw": {"POST": Action("topups.ask", withdraw_topup)},
    "/api/admin/topups/{id}/end": {"POST": Action("topups.decide", end_topup)},
    **ACCOUNT_PATHS,
    **PEOPLE_PATHS,
    **LIMIT_PATHS,
    **KEY_PATHS,
    "/api/admin/leases": {"GET": Action("leases.read", list_leases)},
    "/api/admin/leases/{id}/write-off": {"POST": Action("leases.write_off", write_off_lease)},
    "/api/admin/cache": {"GET": Action("cache.read", report_cache)},
    "/api/admin/cache/matches": {"GET": Action("cache.purge", list_matches)},
    "/api/admin/cache/matches/{id}/wrong": {"POST": Action("cache.purge", call_match_wrong)},
    "/api/admin/cache/purge": {"POST": Action("cache.purge", purge_cache)},
    "/api/admin/encryption": {"GET": Action("encryption.read", report_encryption)},
    "/api/admin/encryption/rotate": {"POST": Action("encryption.rotate", rotate_keys)},
    "/api/admin/drills": {"GET": Action("health.read", list_drills), "POST": Action("drills.control", start_drill)},
    "/api/admin/drills/{id}/stop": {"POST": Action("drills.control", stop_drill)},
    "/api/admin/health": {"GET": Action("health.read", report_board)},
    "/api/admin/dependencies": {"GET": Action("health.read", report_dependencies)},
    "/api/admin/nodes": {"GET": Action("health.read", list_nodes)},
    "/api/admin/actions": {"GET": Action("health.read", list_actions)},
    "/api/admin/stats": {"GET": Action("live.read", report_stats)},
    "/api/admin/retention": {"GET": Action("audit.read", report_retention)},
    "/api/admin/audit": {"GET": Action("audit.read", list_audit)},
    "/api/admin/audit/export": {"GET": Action("audit.export", export_audit)},
    "/api/admin/audit/{id}": {"GET": Action("audit.read", show_audit)},
    "/api/admin/providers": {
        "GET": Action("providers.read", list_providers),
        "POST": Action("providers.edit", add_provider),
    },
    "/api/admin/providers/{name}": {
        "GET": Action("providers.read", show_provider),
        "PUT": Action("providers.edit", change_provider),
        "DELETE": Action("providers.edit", delete_provider),
    },
    **PROVIDER_KEY_PATHS,
    **TOOL_PATHS,
    "/api/admin/providers/{name}/test": {"POST": Action("providers.edit", probe_provider)},
    "/api/admin/config": {"GET": Action("providers.read", show_config)},
    "/api/admin/config/validate": {"POST": Action("providers.read", review_config)},
    "/api/admin/config/apply": {"POST": Action("providers.edit", apply_config)},
    "/api/admin/config/flags": {"PUT": Action("providers.edit", set_flags)},
    "/api/admin/config/test": {"POST": Action("providers.edit", probe_entry)},
    "/api/admin/config/draft": {
        "GET": Action("providers.edit", show_draft),
        "PUT": Action("providers.edit", keep_draft),
        "DELETE": Action("providers.edit", drop_draft),
    },
    "/api/admin/config/draft/apply": {"POST": Action("providers.edit", apply_draft)},
    "/api/admin/config/versions": {"GET": Action("providers.read", list_config_versions)},
    "/api/admin/config/versions/{revision}": {"GET": Action("providers.read", show_version)},
    "/api/admin/config/versions/{revision}/diff": {"GET": Action("providers.read", compare_versions)},
    "/api/admin/config/versions/{revision}/rollback": {"POST": Action("providers.edit", roll_back)},
    "/api/admin/use-cases": {"GET": Action("providers.read", list_use_cases)},
    "/api/admin/use-cases/{name}/policy": {
        "PUT": Action("providers.edit", set_policy),
        "DELETE": Action("providers.edit", reset_policy),
    },
}
