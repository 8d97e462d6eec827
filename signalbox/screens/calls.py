"""The one list of what a console elsewhere may call, each with its permission; what is not in it cannot be called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from signalbox.screens.access import AccountBackend, PeopleBackend, SessionBackend
from signalbox.screens.backend import ConsoleBackend
from signalbox.screens.configuration import ConfigurationBackend
from signalbox.screens.desks import AlertBackend, BillsBackend, CacheBackend, LeaseBackend, PriceBackend, TopUpBackend
from signalbox.screens.encryption import EncryptionBackend
from signalbox.screens.keys import KeyBackend
from signalbox.screens.limits import LimitBackend
from signalbox.screens.provider_keys import ProviderKeyBackend

__all__ = ["CALLS", "DESKS", "LOCAL", "STREAMS", "VISIT"]

DESKS: Final[Mapping[str, type]] = MappingProxyType(
    {
        "": ConsoleBackend,
        "alerting": AlertBackend,
        "accounts": AccountBackend,
        "api_keys": KeyBackend,
        "bills": BillsBackend,
        "caching": CacheBackend,
        "configuration": ConfigurationBackend,
        "encryption": EncryptionBackend,
        "leases": LeaseBackend,
        "limiting": LimitBackend,
        "prices": PriceBackend,
        "sessions": SessionBackend,
        "provider_keys": ProviderKeyBackend,
        "topups": TopUpBackend,
        "users": PeopleBackend,
    }
)
"""The protocols by the property of :class:`ConsoleBackend` that gives them."""

CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account_names": "audit.read",
        "audit_choices": "audit.read",
        "audit_detail": "audit.read",
        "audit_page": "audit.read",
        "budgets": "budgets.read",
        "chain_check": "audit.read",
        "choices": "playground.use",
        "drop_budget": "budgets.edit",
        "force_breaker": "breakers.control",
        "forecasts": "budgets.read",
        "health": "health.read",
        "live": "live.read",
        "nodes": "health.read",
        "overview": "overview.read",
        "recorder": "live.read",
        "dependencies": "health.read",
        "reset_breaker": "breakers.control",
        "reset_metrics": "metrics.reset",
        "retention": "audit.read",
        "route": "playground.use",
        "set_budget": "budgets.edit",
        "spending": "budgets.read",
        "start_chain_check": "audit.export",
        "start_drill": "drills.control",
        "stop_drill": "drills.control",
        "trace": "playground.use",
        "accounts.accounts": "access.read",
        "accounts.change": "accounts.edit",
        "accounts.create": "accounts.edit",
        "accounts.names": "access.read",
        "accounts.remove": "accounts.delete",
        "alerting.alerts": "alerts.read",
        "alerting.change_channel": "alerts.edit",
        "alerting.channels": "alerts.read",
        "alerting.deliver_again": "alerts.edit",
        "alerting.deliveries": "alerts.read",
        "alerting.kinds": "alerts.read",
        "alerting.make_channel": "alerts.edit",
        "alerting.remove_channel": "alerts.edit",
        "alerting.show_secret": "alerts.edit",
        "alerting.test_channel": "alerts.edit",
        "api_keys.change": "keys.edit",
        "api_keys.choices": "keys.edit",
        "api_keys.list": "access.read",
        "api_keys.make": "keys.edit",
        "api_keys.revoke": "keys.edit",
        "api_keys.roll": "keys.edit",
        "bills.course": "bills.read",
        "bills.outlook": "bills.read",
        "bills.reconcile": "bills.read",
        "bills.savings": "bills.read",
        "caching.call_wrong": "cache.purge",
        "caching.matches": "cache.purge",
        "caching.purge": "cache.purge",
        "caching.report": "cache.read",
        "configuration.apply_draft": "providers.edit",
        "configuration.change_provider": "providers.edit",
        "configuration.compare": "providers.read",
        "configuration.current": "providers.read",
        "configuration.delete_provider": "providers.edit",
        "configuration.draft": "providers.edit",
        "configuration.drop_draft": "providers.edit",
        "configuration.keep_draft": "providers.edit",
        "configuration.providers": "providers.read",
        "configuration.rollback": "providers.edit",
        "configuration.set_flags": "providers.edit",
        "configuration.test_entry": "providers.edit",
        "configuration.test_provider": "providers.edit",
        "configuration.version": "providers.read",
        "configuration.versions": "providers.read",
        "encryption.rotate": "encryption.rotate",
        "encryption.status": "encryption.read",
        "leases.list": "leases.read",
        "leases.write_off": "leases.write_off",
        "limiting.drop_limit": "limits.edit",
        "limiting.limits": "limits.read",
        "limiting.report": "limits.read",
        "limiting.reset_limit": "limits.edit",
        "limiting.set_limit": "limits.edit",
        "prices.history": "prices.read",
        "prices.import_sheet": "prices.edit",
        "prices.prices": "prices.read",
        "prices.rerate": "prices.read",
        "prices.set_prices": "prices.edit",
        "sessions.end": "sessions.end",
        "sessions.end_all": "sessions.end",
        "sessions.end_others": "sessions.own",
        "sessions.end_own": "sessions.own",
        "sessions.everybody": "sessions.read",
        "sessions.own": "sessions.own",
        "provider_keys.add_key": "provider_keys.edit",
        "provider_keys.change_key": "provider_keys.edit",
        "provider_keys.keys": "providers.read",
        "provider_keys.remove_key": "provider_keys.edit",
        "topups.approve": "topups.decide",
        "topups.ask": "topups.ask",
        "topups.deny": "topups.decide",
        "topups.end": "topups.decide",
        "topups.list": "topups.read",
        "topups.withdraw": "topups.ask",
        "users.change": "users.edit",
        "users.create": "users.edit",
        "users.people": "access.read",
        "users.remove": "users.edit",
        "users.reset_password": "users.edit",
    }
)
"""Calls that give one answer: the method of a desk, and the permission that the API asks for before it reads more."""

STREAMS: Final[Mapping[str, str]] = MappingProxyType({"stream": "playground.use"})
"""Calls that answer in parts."""

LOCAL: Final = frozenset({"alerting.may_edit", "may", "may_control"})
"""What follows from the person's role alone: the console works it out itself; it hides buttons and protects nothing."""

VISIT: Final = "visitor"
"""Who the session belongs to: a path of its own."""
