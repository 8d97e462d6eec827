"""``/api/admin/usage/reconcile``, ``/api/admin/savings`` and ``/api/admin/outlook``: what was and will be spent."""

import re
from typing import Final, get_args

import msgspec
from msgspec import Struct

from router_core.admin.bills import MOST_DAYS
from router_core.api.body import read_body
from router_core.api.call import Call
from router_core.api.deps import ApiLimits
from router_core.api.documents import read_query
from router_core.budgets.outlook import OutlookRow
from router_core.cost.bill_reading import MOST_BILL_BYTES
from router_core.cost.reconciliation import DEFAULT_TOLERANCE, parse_tolerance
from router_core.errors import UnsupportedMediaTypeError, ValidationError
from router_core.ports import UsageBy

__all__ = ["DEFAULT_DAYS", "OutlookList", "reconcile_usage", "report_outlook", "report_savings"]

DEFAULT_DAYS: Final = "30"
_CSV: Final = re.compile(rb'text/csv[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?', re.IGNORECASE)
_KINDS: Final[tuple[UsageBy, ...]] = get_args(UsageBy)


class OutlookList(Struct, frozen=True, rename="camel"):
    """What each name spent and is expected to spend, most spending first, at most 50; amounts in nano-dollars."""

    by: UsageBy
    outlook: list[OutlookRow]


async def reconcile_usage(call: Call) -> None:
    """Compare the bill in the body, CSV, with what is on record."""
    tolerance = parse_tolerance(read_query(call, {"tolerance": str(DEFAULT_TOLERANCE)})["tolerance"])
    if not _CSV.fullmatch(call.headers.get(b"content-type", b"")):
        raise UnsupportedMediaTypeError("Content-Type must be text/csv, in UTF-8")
    if call.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedMediaTypeError("Content-Encoding must be identity")
    given = call.deps.limits
    limits = ApiLimits(max_body=MOST_BILL_BYTES, body_pause=given.body_pause, body_total=given.body_total)
    data = await read_body(call.receive, call.headers, limits)
    await call.answer(await call.deps.money.bills.reconcile(data, call.principal, tolerance))


async def report_savings(call: Call) -> None:
    """Answer with what was saved on the last days, today included; days are those of UTC."""
    text = read_query(call, {"days": DEFAULT_DAYS})["days"]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_DAYS))):
        raise ValidationError(f"days must be a whole number within 1 and {MOST_DAYS}", field="days")
    await call.answer(await call.deps.money.bills.savings(int(text), call.principal))


async def report_outlook(call: Call) -> None:
    """Answer with what is expected by the end of the day and month."""
    query = read_query(call, {"by": "provider", "suppose": ""})
    try:
        by = msgspec.convert(query["by"], UsageBy)
    except msgspec.ValidationError:
        raise ValidationError("by must be one of " + ", ".join(_KINDS), field="by") from None
    rows = await call.deps.money.bills.outlook(by, call.principal, query["suppose"] or None)
    await call.answer(OutlookList(by, list(rows)))
