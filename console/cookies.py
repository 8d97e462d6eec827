"""Cookie names, and the form tokens that prove a form came from our own page."""

import hashlib
import hmac

from router_core.security.sessions import COOKIE_NAME, SECURE_COOKIE_NAME

__all__ = ["PRE_SESSION_COOKIE", "cookie_name", "form_token", "form_token_fits"]

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
