"""The mail server for alerts, out of its URL."""

from urllib.parse import parse_qsl, unquote, urlsplit

from router_core.alerts.mail_server import MailServer, is_mail_address
from router_core.types import Secret

__all__ = ["mail_server", "parse_mail_address", "parse_smtp_url"]

SMTP_PORT, SMTPS_PORT = 25, 465
_FAULT = "must be smtp://user:password@host:587?starttls=true or smtps://user:password@host"


def parse_smtp_url(text: str) -> Secret:
    """Return the URL of a mail server; it may hold a password, which is never sent unencrypted."""
    mail_server(Secret(text.strip()), "")
    return Secret(text.strip())


def parse_mail_address(text: str) -> str:
    """Return one plain e-mail address."""
    if not is_mail_address(text.strip()):
        raise ValueError("must be an e-mail address, such as signalbox@example.com")
    return text.strip()


def mail_server(url: Secret, sender: str) -> MailServer:
    """Return the mail server at ``url``. Raises ``ValueError``, which never shows the URL."""
    try:
        parts = urlsplit(url.reveal())
        host, port, options = parts.hostname, parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError(_FAULT) from None
    starttls = options.pop("starttls", "false").lower()
    whole = parts.path in ("", "/") and not parts.fragment and not options
    if parts.scheme not in {"smtp", "smtps"} or not host or starttls not in {"true", "false"} or not whole:
        raise ValueError(_FAULT)
    implicit = parts.scheme == "smtps"
    if bool(parts.username) != bool(parts.password):
        raise ValueError("must hold a user and a password, or neither")
    if parts.password and not (implicit or starttls == "true"):
        raise ValueError("must be smtps:// or have ?starttls=true, so that the password is not sent in the open")
    return MailServer(
        host=host, port=port or (SMTPS_PORT if implicit else SMTP_PORT), sender=sender, implicit_tls=implicit,
        starttls=starttls == "true" and not implicit, user=_secret(parts.username), password=_secret(parts.password),
    )  # fmt: skip


def _secret(text: str | None) -> Secret | None:
    return Secret(unquote(text)) if text else None
