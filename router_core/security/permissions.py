"""Who may do what: one table from permission to roles; what is not in it is denied to everyone."""

from types import MappingProxyType

from router_core.errors import ForbiddenError
from router_core.types import EVERY_ACCOUNT, UNLIMITED, Principal, Role

__all__ = ["PERMISSIONS", "PUBLIC", "allows", "is_declared", "require", "sees_account"]

# Stands where a permission would stand, for what anyone may read without signing in.
PUBLIC = "public"

_HEADS = EVERY_ACCOUNT
_PEOPLE: frozenset[Role] = _HEADS | {"operator", "prompt_engineer", "analyst", "viewer"}
_OPERATORS: frozenset[Role] = _HEADS | {"operator"}
_PROMPTERS: frozenset[Role] = _HEADS | {"prompt_engineer"}
_ANALYSTS: frozenset[Role] = _HEADS | {"analyst"}
_CALLERS: frozenset[Role] = _PROMPTERS | {"service"}
_OWNERS: frozenset[Role] = frozenset({"owner"})
# People have all that their role gives them: a key that is limited would escape its limits by making one.
_NOT_FOR_LIMITED_KEYS: frozenset[str] = frozenset({"users.edit", "users.remove_admin"})

PERMISSIONS: MappingProxyType[str, frozenset[Role]] = MappingProxyType(
    {
        "llm.call": _CALLERS,
        "llm.route": _CALLERS,
        "usage.read": _ANALYSTS | {"service"},
        "metrics.read": _HEADS,
        "metrics.reset": _HEADS,
        "console.use": _PEOPLE,
        "overview.read": _PEOPLE,
        "playground.use": _PROMPTERS,
        "lab.use": _PROMPTERS,
        "live.read": _OPERATORS,
        "health.read": _OPERATORS,
        "breakers.control": _OPERATORS,
        "drills.control": _OPERATORS,
        "budgets.read": _ANALYSTS,
        "budgets.edit": _HEADS,
        "bills.read": _ANALYSTS,
        "alerts.read": _ANALYSTS,
        "alerts.edit": _HEADS,
        "topups.read": _ANALYSTS | {"service"},
        "topups.ask": _ANALYSTS | {"service"},
        "topups.decide": _HEADS,
        "leases.read": _HEADS,
        "leases.write_off": _HEADS,
        "cache.read": _OPERATORS | _ANALYSTS,
        "cache.purge": _HEADS,
        "limits.read": _ANALYSTS,
        "limits.edit": _HEADS,
        "audit.read": _ANALYSTS,
        "audit.export": _ANALYSTS,
        "what_if.use": _ANALYSTS,
        "providers.read": _HEADS,
        "providers.edit": _HEADS,
        "encryption.read": _HEADS,
        "encryption.rotate": _HEADS,
        "provider_keys.edit": _HEADS,
        "prices.read": _ANALYSTS,
        "prices.edit": _HEADS,
        "access.read": _HEADS,
        "accounts.edit": _HEADS,
        "accounts.delete": _OWNERS,
        "users.edit": _HEADS,
        "users.remove_admin": _OWNERS,
        "sessions.own": _PEOPLE,
        "sessions.read": _HEADS,
        "sessions.end": _HEADS,
        "keys.edit": _HEADS,
    }
)


def is_declared(permission: str) -> bool:
    """Say whether ``permission`` is in the table or means everyone."""
    return permission == PUBLIC or permission in PERMISSIONS


def allows(principal: Principal, permission: str) -> bool:
    """Say whether ``principal``'s role has ``permission``; an undeclared permission is nobody's."""
    if permission in _NOT_FOR_LIMITED_KEYS and principal.scopes != UNLIMITED:
        return False
    return principal.role in PERMISSIONS.get(permission, ())


def require(principal: Principal, permission: str) -> None:
    """Raise :class:`ForbiddenError` unless ``principal``'s role has ``permission``."""
    if not allows(principal, permission):
        raise ForbiddenError("Your role does not allow this")


def sees_account(principal: Principal, account_id: str | None) -> bool:
    """Say whether ``principal`` may see what belongs to an account, None for what belongs to everybody."""
    return account_id is None or principal.role in EVERY_ACCOUNT or account_id in principal.accounts
