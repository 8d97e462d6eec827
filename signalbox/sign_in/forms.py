"""What every form of the sign-in pages has in common: how it is read, how it is answered, and which cookies it sets."""

import math
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from signalbox.sign_in.cookies import PRE_SESSION_COOKIE, cookie_name
from signalbox.sign_in.page import Notice

__all__ = [
    "PAGE_HEADERS",
    "STALE_FORM",
    "browser_of",
    "html",
    "is_secure",
    "local_page",
    "read_form",
    "signed_in",
    "too_large",
    "too_many",
]

MAX_FORM_BYTES = 16 * 1024
MAX_FORM_FIELDS = 16
COOKIE_LIFE_S = 12 * 3600
STALE_FORM: Notice = ("bad", "This form had expired. Please try again.")
PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


def local_page(wanted: str | None) -> str:
    """Return ``wanted`` when it is a page of this console, else ``/``."""
    text = wanted or "/"
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc or parts.path.startswith("/auth/") else text


def signed_in(request: Request, wanted: str, token: str) -> Response:
    """Return the way on with the cookie of a new session."""
    secure = is_secure(request)
    response = RedirectResponse(wanted, status_code=303)
    response.set_cookie(
        cookie_name(secure=secure),
        token,
        max_age=COOKIE_LIFE_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    response.delete_cookie(PRE_SESSION_COOKIE, path="/auth/", secure=secure, httponly=True, samesite="lax")
    return response


def html(page: str, status: int = 200) -> HTMLResponse:
    """Return one of our own pages."""
    return HTMLResponse(page, status_code=status, headers=PAGE_HEADERS)


async def read_form(request: Request) -> dict[str, str] | None:
    """Return the fields of an URL-encoded form, None for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return None
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return {}
    return dict(pairs)


def is_secure(request: Request) -> bool:
    """Say whether the browser came over https."""
    return request.url.scheme == "https"


def too_large() -> Response:
    """Return the answer to a form that is none of ours."""
    return Response("The form is too large.\n", status_code=413, media_type="text/plain")


def browser_of(request: Request) -> str:
    """Return what the browser calls itself."""
    return request.headers.get("user-agent", "")


def too_many(wait_s: int) -> str:
    """Say that there were too many attempts, and for how long."""
    minutes = math.ceil(wait_s / 60)
    return f"Too many attempts. Try again in {f'{minutes} minutes' if minutes > 1 else f'{wait_s} seconds'}."
