"""``signalbox use-cases``: how a running server serves use cases."""

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from router_core.admin.views import UseCaseView
from router_core.api.admin_use_cases import PolicyChange, UseCaseList
from router_core.types import UseCasePolicy
from signalbox.commands.operator_client import ServerOptions, connected, in_options, segment
from signalbox.commands.output import print_json, print_line
from signalbox.commands.policy_words import in_words, read_canary, read_order, read_weights
from signalbox.faults import UsageFault

__all__ = ["list_use_cases", "read_canary", "read_order", "read_weights", "reset_policy", "set_policy"]

_OPTIONS = {
    "first_token_s": "--first-token",
    "idle_s": "--idle",
    "connect_s": "--connect",
    "min_tokens_per_s": "--min-rate",
    "hedge_after_ms": "--hedge-after",
    "order": "--order",
    "weights": "--weights",
    "cache_ttl_s": "--cache-ttl",
    "cache_similarity": "--cache-similarity",
}

_EMPTY_IS_NONE = ("hedge_after_ms", "cache_ttl_s", "cache_similarity", "canary")


def list_use_cases(options: ServerOptions) -> None:
    """Print every use case with its policy."""
    with connected(options) as client:
        found = client.get("use-cases", UseCaseList).use_cases
    if options.as_json:
        print_json(found)
    else:
        Console().print(_table(found))
        for each in found:
            for fault in each.faults:
                print_line(f"{each.use_case}: {fault.field}: {fault.message}")


def set_policy(name: str, changes: dict[str, Any], options: ServerOptions) -> None:
    """Change the fields of the policy that are not None in ``changes``, and leave the others as they are.

    ``hedge_after_ms`` 0 stands for the observed 95th percentile, ``cache_ttl_s`` 0 and an empty ``canary`` for none.
    """
    named = {field: value for field, value in changes.items() if value is not None}
    if not named:
        raise UsageFault("say what to change, or go back to the default with: signalbox use-cases reset NAME")
    with connected(options) as client:
        known = {each.use_case: each.policy for each in client.get("use-cases", UseCaseList).use_cases}
        if name not in known:
            raise UsageFault(f"there is no use case {name!r}; there are {', '.join(sorted(known))}")
        policy = _changed(known[name], named)
        change = client.act("PUT", f"use-cases/{segment(name)}/policy", PolicyChange, policy)
    _print_change(change, policy, options)


def reset_policy(name: str, options: ServerOptions) -> None:
    """Serve a use case by default again."""
    with connected(options) as client:
        change = client.act("DELETE", f"use-cases/{segment(name)}/policy", PolicyChange)
    _print_change(change, None, options)


def _changed(policy: UseCasePolicy, changes: dict[str, Any]) -> UseCasePolicy:
    wanted = {**msgspec.structs.asdict(policy), **changes}
    for name in _EMPTY_IS_NONE:
        wanted[name] = wanted[name] or None
    try:
        return UseCasePolicy(**wanted)
    except ValueError as error:
        raise UsageFault(in_options(str(error), _OPTIONS)) from None


def _print_change(change: PolicyChange, policy: UseCasePolicy | None, options: ServerOptions) -> None:
    if options.as_json:
        print_json({"useCase": change.use_case, "revision": change.revision, "policy": policy})
    else:
        print_line(f"{change.use_case}: {'served by default' if policy is None else ', '.join(in_words(policy))}")


def _table(views: list[UseCaseView]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("use case", "policy", "set", "providers"):
        table.add_column(heading, overflow="fold")
    for each in views:
        table.add_row(
            each.use_case, ", ".join(in_words(each.policy)), "no" if each.is_default else "yes",
            ", ".join(each.providers) or "-",
        )  # fmt: skip
    return table
