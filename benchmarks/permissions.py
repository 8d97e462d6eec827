"""What it costs to find out whether a caller may do something; run it with ``python -m benchmarks.permissions``."""

from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.core_path import timed
from router_core.errors import ForbiddenError
from router_core.security.permissions import require, sees_account
from router_core.types import KeyScopes, Principal

__all__ = ["BAR_US", "main", "measure"]

BAR_US: Final = 3.0
TIMES: Final = 100_000
ACCOUNTS: Final = tuple(f"account-{number}" for number in range(20))
ANALYST: Final = Principal(kind="person", id="u1", name="ann@example.com", role="analyst", accounts=ACCOUNTS)
LIMITED: Final = Principal(
    kind="key", id="k1", name="limited", role="admin", accounts=("acme",), scopes=KeyScopes(routes=("/api/llm",))
)


def measure(times: int) -> Sequence[tuple[str, float]]:
    """Return what each kind of check costs, in CPU microseconds."""
    calls: dict[str, Callable[[], object]] = {
        "allowed": lambda: require(ANALYST, "audit.read"),
        "allowed, a key with limits": lambda: require(LIMITED, "audit.read"),
        "refused": lambda: _refused(ANALYST, "users.edit"),
        "an undeclared permission, refused": lambda: _refused(ANALYST, "vault.open"),
        "the last of twenty accounts": lambda: sees_account(ANALYST, ACCOUNTS[-1]),
        "somebody else's account": lambda: sees_account(ANALYST, "other"),
    }
    return [(name, timed(call, times)) for name, call in calls.items()]


def _refused(caller: Principal, permission: str) -> None:
    try:
        require(caller, permission)
    except ForbiddenError:
        return
    raise AssertionError(f"{permission} was allowed")


def main() -> None:
    """Measure and print."""
    for name, cost in measure(TIMES):
        print(f"{name:<40}{cost:>8.2f} us   at most {BAR_US:g}")


if __name__ == "__main__":
    main()
