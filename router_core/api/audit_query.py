"""Filters of the audit log in a query string."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, get_args

from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.errors import ForbiddenError, ValidationError
from router_core.instants import parse_instant
from router_core.types import EVERY_ACCOUNT, AuditFilter, EventStatus, Principal

__all__ = ["FILTER_NAMES", "read_filter", "visible_accounts"]

FILTER_NAMES: Final = (
    "account", "apiKey", "user", "useCase", "provider", "model", "status", "event", "errorCode", "requestId", "text",
)  # fmt: skip
DEFAULT_SPAN: Final = timedelta(hours=24)
MOST_TEXT: Final = 200
STATUSES: Final[tuple[str, ...]] = get_args(EventStatus)


def visible_accounts(person: Principal) -> Sequence[str] | None:
    """Return the accounts whose rows ``person`` may see, None for all."""
    return None if person.role in EVERY_ACCOUNT else person.accounts


def read_filter(call: Call, more: Mapping[str, str]) -> tuple[AuditFilter, dict[str, str]]:
    """Return the filter in the call's query, and the values of the parameters in ``more``.

    The last 24 hours unless ``from`` and ``to`` say otherwise. Raises :class:`ValidationError`, and
    :class:`ForbiddenError` for an account that the caller may not see, whether or not it exists.
    """
    values = read_query(call, {"from": "", "to": "", **dict.fromkeys(FILTER_NAMES, ""), **more})
    now = call.deps.clock.utcnow()
    until = _moment(values["to"], "to") or now + timedelta(minutes=1)
    since = _moment(values["from"], "from") or until - DEFAULT_SPAN
    if since >= until:
        raise ValidationError("from must be before to", field="from")
    for name in FILTER_NAMES:
        _check_text(name, values[name])
    if values["status"] and values["status"] not in STATUSES:
        raise ValidationError(f"status must be one of {', '.join(STATUSES)}", field="status")
    scope = visible_accounts(call.principal)
    account = values["account"] or None
    if account is not None and scope is not None and account not in scope:
        raise ForbiddenError("This account may not be seen by the caller")
    wanted = AuditFilter(
        since=since,
        until=until,
        accounts=None if scope is None else tuple(scope),
        account=account,
        api_key=values["apiKey"] or None,
        user=values["user"] or None,
        use_case=values["useCase"] or None,
        provider=values["provider"] or None,
        model=values["model"] or None,
        status=values["status"] or None,
        event=values["event"] or None,
        error_code=values["errorCode"] or None,
        request_id=values["requestId"] or None,
        text=values["text"] or None,
    )
    return wanted, {name: values[name] for name in more}


def _moment(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        # A plus sign in a query string stands for a blank.
        moment = parse_instant(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise ValidationError(f"{name} must be an ISO 8601 time of the years 1971 to 2999", field=name) from None
    if moment.tzinfo is None:
        raise ValidationError(f"{name} must have a time zone, such as Z", field=name)
    return moment


def _check_text(name: str, text: str) -> None:
    if len(text) > MOST_TEXT or "\x00" in text or not text.isprintable():
        raise ValidationError(f"{name} must be printable text of at most {MOST_TEXT} characters", field=name)
