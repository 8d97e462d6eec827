"""Cookies of the console, and the form tokens that prove a form came from our own page."""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import Scope

from router_core.security.sessions import COOKIE_NAME, SECURE_COOKIE_NAME

__all__ = ["PRE_SESSION_COOKIE", "cookie_name", "form_token", "form_token_fits", "session_token"]

PRE_SESSION_COOKIE = "signalbox_form"


def cookie_name(*, secure: bool) -> str:
    """Return the session cookie's name; over https browsers accept the prefixed one from this very host only."""
    return SECURE_COOKIE_NAME if secure else COOKIE_NAME


def form_token(cookie_value: str) -> str:
    """Return the token that a form must carry beside the cookie it was made from; it does not give the cookie away."""
    return hmac.new(cookie_value.encode(), b"signalbox form", hashlib.sha256).hexdigest()


def form_token_fits(cookie_value: str | None, token: object) -> bool:
    """Say whether ``token`` was made from ``cookie_value``, in time that does not depend on the answer."""
    if not cookie_value or not isinstance(token, str):
        return False
    return hmac.compare_digest(form_token(cookie_value).encode(), token.encode())


def session_token(scope: Scope) -> str | None:
    """Return the session cookie's value; over https only the prefixed cookie counts."""
    secure = scope.get("scheme") in ("https", "wss")
    return cookie_value(scope, cookie_name(secure=secure))


def cookie_value(scope: Scope, name: str) -> str | None:
    """Return the value of the cookie ``name``, None when it is not there or cannot be read."""
    for header in Headers(scope=scope).getlist("cookie"):
        for pair in header.split(";"):
            try:
                morsel = SimpleCookie(pair.strip()).get(name)
            except CookieError:
                continue
            if morsel is not None and morsel.value:
                return morsel.value
    return None
