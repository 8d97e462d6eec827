"""``/api/admin/use-cases``: how use cases want to be served when things go wrong."""

from typing import Any, Final

from msgspec import Struct

from router_core.admin.views import UseCaseView
from router_core.api.call import Call
from router_core.api.documents import number_if_given, read_document, read_nothing, read_query
from router_core.configuration.reading import read_policy
from router_core.types import UseCasePolicy

__all__ = ["PolicyChange", "UseCaseList", "list_use_cases", "reset_policy", "set_policy"]

LARGEST: Final = 2**53


class UseCaseList(Struct, frozen=True, rename="camel"):
    """Every use case by name."""

    use_cases: list[UseCaseView]


class PolicyChange(Struct, frozen=True, rename="camel"):
    """The revision of the configuration that holds the change; every process follows within 2 s."""

    use_case: str
    revision: int


async def list_use_cases(call: Call) -> None:
    """Answer with every use case and its policy."""
    await call.answer(UseCaseList(list(call.deps.operations.use_cases(call.principal))))


async def set_policy(call: Call) -> None:
    """Replace the policy of a use case; with ``?revision=`` only when nothing was changed since."""
    body: dict[str, Any] = await read_document(call, dict[str, Any])
    await _put(call, read_policy(body))


async def reset_policy(call: Call) -> None:
    """Go back to the default policy of a use case."""
    await read_nothing(call)
    await _put(call, None)


async def _put(call: Call, policy: UseCasePolicy | None) -> None:
    name, seen = call.parameter("name"), read_query(call, {"revision": None})["revision"]
    base = number_if_given(seen, "revision", LARGEST)
    revision = await call.deps.operations.set_policy(name, policy, call.principal, base=base)
    await call.answer(PolicyChange(name, revision))
