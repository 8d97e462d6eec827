"""``/api/admin/audit``: the audit log."""

from typing import Final

from msgspec import Struct

from router_core.api.audit_query import read_filter, visible_accounts
from router_core.api.call import Call
from router_core.errors import NotFoundError, ValidationError
from router_core.types import AuditCount, AuditPage

__all__ = ["AuditAnswer", "list_audit", "show_audit"]

DEFAULT_LIMIT: Final = "50"
MOST: Final = 200


class AuditAnswer(Struct, frozen=True):
    """One page, and how many rows match in all."""

    page: AuditPage
    count: AuditCount


async def list_audit(call: Call) -> None:
    """Answer with one page: the newest, the one at ``?cursor=``, or with ``?oldest=true`` the oldest."""
    wanted, more = read_filter(call, {"limit": DEFAULT_LIMIT, "cursor": "", "oldest": "false"})
    limit = more["limit"]
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= MOST):
        raise ValidationError(f"limit must be a whole number within 1 and {MOST}", field="limit")
    if more["oldest"] not in ("true", "false"):
        raise ValidationError("oldest must be true or false", field="oldest")
    audit = call.deps.audit
    oldest = more["oldest"] == "true"
    page = await audit.page(wanted, limit=int(limit), cursor=more["cursor"] or None, oldest=oldest)
    await call.answer(AuditAnswer(page, await audit.count(wanted)))


async def show_audit(call: Call) -> None:
    """Answer with everything that is kept of one row."""
    found = await call.deps.audit.detail(call.parameter("id"), visible_accounts(call.principal))
    if found is None:
        raise NotFoundError("There is no such row")
    await call.answer(found)
