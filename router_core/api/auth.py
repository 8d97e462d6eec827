"""Who makes a call: an API key in a header, or the console's session cookie on a same-origin request."""

import re

from msgspec import structs

from router_core.api.call import Call
from router_core.errors import ForbiddenError, UnauthorizedError, ValidationError
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.permissions import allows, require
from router_core.security.sessions import COOKIE_NAME, SECURE_COOKIE_NAME
from router_core.types import EVERY_ACCOUNT, LLMRequest, Principal

__all__ = [
    "authenticate",
    "authorize",
    "check_account",
    "is_foreign",
    "require_in_service",
    "require_on_record",
    "session_token",
]

_BEARER = b"bearer "
_CREDENTIALS = frozenset({b"authorization", b"x-api-key"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_COOKIE = re.compile(
    rf"(?:^|;)[ \t]*(?:{SECURE_COOKIE_NAME}|{COOKIE_NAME})=\"?([A-Za-z0-9_-]{{1,128}})\"?[ \t]*(?=;|$)"
)


async def authorize(call: Call, permission: str, *, touch: bool = True) -> Principal:
    """Return who makes ``call``, who has ``permission`` and may use its path.

    Raises :class:`ForbiddenError` where they may not, and what :func:`authenticate` raises.
    """
    principal = await authenticate(call, touch=touch)
    await require_on_record(call, principal, permission, f"{call.scope['method']} {call.scope['path']}")
    routes = principal.scopes.routes
    if routes is not None and call.route not in routes:
        raise ForbiddenError("This API key may not use this path")
    return principal


async def require_on_record(call: Call, principal: Principal, permission: str, wanted: str) -> None:
    """Raise :class:`ForbiddenError` unless ``principal`` has ``permission``.

    That somebody wanted to act on people or accounts without it is on record.
    """
    if not allows(principal, permission):
        await call.deps.access.people.report_refused(principal, permission, wanted)
    require(principal, permission)


async def authenticate(call: Call, *, touch: bool = True) -> Principal:
    """Return who makes ``call``; ``touch`` says that a session counts as used by it.

    Raises :class:`UnauthorizedError`, alike for every reason, :class:`RateLimitExceededError` after too many bad keys,
    and :class:`ForbiddenError` for a session used by a page of another origin.
    """
    key = _presented_key(call)
    if key is not None:
        principal = await call.deps.authenticator.authenticate(key, call.address)
        # Who may act on more than their own requests is on record with the place that they act from.
        return principal if principal.role == "service" else structs.replace(principal, address=call.address)
    token = session_token(call.headers.get(b"cookie", b""))
    person = await call.deps.sessions.check(token, touch=touch) if token else None
    if person is None:
        raise UnauthorizedError("A valid API key is required")
    if call.scope["method"] not in _SAFE_METHODS:
        _require_same_origin(call.headers)
    return person


def session_token(cookie: bytes) -> str | None:
    """Return the session token in a Cookie header."""
    found = _COOKIE.search(cookie.decode("latin-1"))
    return found[1] if found else None


def is_foreign(principal: Principal, request: LLMRequest) -> bool:
    """Say whether ``request`` names an account that ``principal`` may not act for, whether or not it exists."""
    named = request.account_id
    return named is not None and named not in principal.accounts and principal.role not in EVERY_ACCOUNT


async def check_account(principal: Principal, request: LLMRequest, keys: KeyAuthenticator) -> None:
    """Raise :class:`ValidationError` when who may act for any account names one that does not exist.

    Raises :class:`ForbiddenError` for a person whose account is out of service, or who has none that would pay.
    """
    named = request.account_id
    if named is None or named in principal.accounts:
        await require_in_service(principal, named, keys)
    elif principal.role in EVERY_ACCOUNT and not await keys.account_exists(named):
        raise ValidationError("no such account", field="accountId")


async def require_in_service(principal: Principal, account_id: str | None, keys: KeyAuthenticator) -> str | None:
    """Return the account that ``principal`` acts for, ``account_id`` or else their own; keys were checked with theirs.

    Raises :class:`ForbiddenError` for a person who has none, or whose account is out of service.
    """
    account = account_id or principal.account_id
    if principal.kind != "person":
        return account
    if account is None:
        raise ForbiddenError("The caller belongs to no account")
    if not await keys.account_exists(account):
        raise ForbiddenError("The caller's account is out of service")
    return account


def _presented_key(call: Call) -> bytes | None:
    authorization, own = call.headers.get(b"authorization"), call.headers.get(b"x-api-key")
    if authorization is None:
        key = own
    elif own is None and authorization[: len(_BEARER)].lower() == _BEARER:
        key = authorization[len(_BEARER) :].strip(b" ")
    else:
        key = b""
    if key is not None and len(call.headers) != len(call.raw_headers) and _is_ambiguous(call):
        key = b""
    return key


def _is_ambiguous(call: Call) -> bool:
    return sum(name in _CREDENTIALS for name, _ in call.raw_headers) > 1


def _require_same_origin(headers: dict[bytes, bytes]) -> None:
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    foreign = site not in (None, b"same-origin")
    if origin is not None:
        foreign = foreign or origin.lower().partition(b"://")[2] != headers.get(b"host", b"").lower()
    if foreign or (site is None and origin is None):
        raise ForbiddenError("A session may only be used by its own pages")
