"""What the matrix asks for: the things of two accounts, and a request of each route and call that names one of them."""

from dataclasses import dataclass
from typing import Any

__all__ = ["NOTHING", "Things", "call_arguments", "route_request"]

SINCE, UNTIL = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Things:
    """What one account has, each by the name that requests use; ``mark`` is in every name that can be chosen."""

    mark: str
    account: str = "no-such-account"
    key: str = "0123456789abcdef"
    provider: str = "no-such-provider"
    budget: str = "no-such-budget"
    topup: str = "no-such-topup"
    channel: str = "no-such-channel"
    delivery: str = "no-such-delivery"
    entry: str = "no-such-entry"
    request: str = "no-such-request"

    def named(self, kind: str) -> str:
        """Return the id of the thing of ``kind``; of kinds that belong to no account, one that does not exist."""
        given: str = getattr(self, kind.replace(" ", "_"), "") if kind else ""
        return given or ("999999" if kind == "revision" else f"no-such-{kind.replace(' ', '-')}")

    def traces(self) -> tuple[str, ...]:
        """Return what in an answer would give this account away."""
        return (self.mark, self.key, self.budget, self.topup, self.channel, self.delivery, self.entry)


NOTHING = Things(mark="nothing")


def route_request(route: str, kind: str, things: Things) -> tuple[str, str, str, Any]:
    """Return method, path, query and body of a request that names the thing of ``kind``, if it names any."""
    method, _, path = route.partition(" ")
    head, opened, rest = path.partition("{")
    if opened:
        path = head + things.named(kind) + rest.partition("}")[2]
    return method, path, _query(route, things), _route_body(route, things)


def _query(route: str, things: Things) -> str:
    if route in ("GET /api/admin/audit", "GET /api/admin/audit/export"):
        form = "&format=csv" if route.endswith("export") else ""
        return f"account={things.account}&from={SINCE}&to={UNTIL}{form}"
    return {
        "GET /api/admin/outlook": "by=provider",
        "GET /api/admin/prices/rerating": f"from={SINCE}&to={UNTIL}",
        "GET /api/admin/providers": "",
    }.get(route, "")


def _route_body(route: str, things: Things) -> Any:
    if route.startswith("GET "):
        return None
    bodies: dict[str, Any] = {
        "POST /api/llm": {"prompt": "matrix", "accountId": things.account, "maxTokens": 9},
        "POST /api/llm/route": {"prompt": "matrix", "accountId": things.account},
        "POST /api/llm/budget/requests": _topup(things),
        "POST /api/admin/topups": _topup(things),
        "POST /api/console/visit": {"touch": False},
        "POST /api/admin/drills": {"provider": things.provider, "fault": "cut", "durationS": 1},
    }
    return bodies.get(route, {})


def _topup(things: Things) -> dict[str, Any]:
    return {"target": things.account, "amount": "0", "reason": "matrix"}


def call_arguments(name: str, things: Things) -> dict[str, Any]:
    """Return the arguments of a call of the console that names the things it can name."""
    ask = {"prompt": "matrix", "accountId": things.account}
    found = {"since": SINCE, "until": UNTIL, "account": things.account}
    arguments: dict[str, dict[str, Any]] = {
        "audit_detail": {"entry_id": things.entry},
        "audit_page": {"wanted": found, "limit": 50, "cursor": None, "oldest": False},
        "forecasts": {"views": []},
        "health": {"window": "1h"},
        "live": {"scope": {"window": "1h"}},
        "route": {"request": ask},
        "stream": {"request": {**ask, "maxTokens": 9}, "request_id": "matrix"},
        "spending": {"by": "account", "since": SINCE, "until": UNTIL},
        "trace": {"request_id": things.request},
        "alerting.deliveries": {"channel_id": things.channel},
        "bills.course": {"budget_id": things.budget},
        "bills.outlook": {"by": "account", "suppose": None},
        "bills.savings": {"days": 7, "zone": "UTC"},
        "configuration.version": {"revision": 1},
        "prices.rerate": {"since": SINCE, "until": UNTIL},
        "topups.ask": {"order": _topup(things)},
        "topups.withdraw": {"topup_id": things.topup},
    }
    return arguments.get(name, {})
