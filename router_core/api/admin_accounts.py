"""``/api/admin/accounts``: accounts."""

from msgspec import Struct

from router_core.admin.people_views import AccountChange, AccountOrder, AccountView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.api.endpoint import Action

__all__ = ["ACCOUNT_PATHS", "AccountList"]


class AccountList(Struct, frozen=True):
    """All accounts by name."""

    accounts: list[AccountView]


async def list_accounts(call: Call) -> None:
    """Answer with all accounts."""
    read_query(call, {})
    await call.answer(AccountList(list(await call.deps.access.accounts.accounts(call.principal))))


async def create_account(call: Call) -> None:
    """Make an account."""
    order = await read_document(call, AccountOrder)
    await call.answer(await call.deps.access.accounts.create(order, call.principal))


async def show_account(call: Call) -> None:
    """Answer with one account."""
    read_query(call, {})
    await call.answer(await call.deps.access.accounts.one(call.parameter("account"), call.principal))


async def change_account(call: Call) -> None:
    """Change what the document names of an account."""
    change = await read_document(call, AccountChange)
    await call.answer(await call.deps.access.accounts.change(call.parameter("account"), change, call.principal))


async def remove_account(call: Call) -> None:
    """Take an account out of service for good."""
    await read_nothing(call)
    await call.answer(await call.deps.access.accounts.remove(call.parameter("account"), call.principal))


ACCOUNT_PATHS: dict[str, dict[str, Action]] = {
    "/api/admin/accounts": {
        "GET": Action("access.read", list_accounts),
        "POST": Action("accounts.edit", create_account),
    },
    "/api/admin/accounts/{account}": {
        "GET": Action("access.read", show_account),
        "PATCH": Action("accounts.edit", change_account),
        "DELETE": Action("accounts.delete", remove_account),
    },
}
