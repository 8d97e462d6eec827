"""A running demo for clients: who may ask, and models that fail in one known way each."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

from tests.support.demo_process import DemoProcess

__all__ = ["ENVIRONMENT", "ClientWorld", "Names", "furnish"]

# No limit but those that are asked for, no breaker that opens by itself, and waits of a second that are the client's.
ENVIRONMENT: Final = {
    "SIGNALBOX_RATE_LIMIT_RPS": "10000",
    "SIGNALBOX_RATE_LIMIT_BURST": "100000",
    "SIGNALBOX_BREAKER_FAILURES": "1000",
    "SIGNALBOX_BREAKER_COOLDOWN_S": "1",
    "SIGNALBOX_RETRY_LONGEST_WAIT_S": "0.5",
    "SIGNALBOX_HEALTH_CHECKS": "false",
    # Clients that were told off a key are many here.
    "SIGNALBOX_BAD_KEYS_PER_MINUTE": "1000",
}
LIMITED: Final = "gpt-4.1-nano"
CLOSED: Final = "gpt-4.1-mini"
BREAKING: Final = "gpt-4.1"
BREAKING_CLAUDE: Final = "claude-sonnet-4-6"
# Each is limited once: the first that asks has to come again.
LIMITED_ONCE: Final = ("gpt-4-turbo", "gpt-3.5-turbo", "claude-opus-4-6", "claude-opus-4-7")


@dataclass(frozen=True, slots=True)
class Names:
    """What a client is given: addresses, keys, and the models that fail."""

    base_url: str
    key: str
    spent_key: str
    hasty_key: str
    limited: str = LIMITED
    closed: str = CLOSED
    breaking: str = BREAKING
    breaking_claude: str = BREAKING_CLAUDE
    limited_once: tuple[str, ...] = LIMITED_ONCE


class ClientWorld:
    """A demo and the requests that furnish it."""

    def __init__(self, demo: DemoProcess) -> None:
        self.demo = demo

    def ask(self, method: str, path: str, order: object, key: str) -> Any:
        """Return what the HTTP API says to the bearer of a key."""
        return self._ask(method, f"{self.demo.base_url}/api{path}", order, key)

    def admin(self, method: str, path: str, order: object = None) -> Any:
        """Return what the HTTP API says to the admin."""
        return self.ask(method, path, order, self.demo.facts["admin_api_key"])

    def simulate(self, what: str, order: object) -> Any:
        """Return what the simulated vendors say to an order."""
        return self._ask("POST", f"{self.demo.facts['simulator_url']}/__sim/{what}", order)

    @staticmethod
    def _ask(method: str, url: str, order: object, key: str = "") -> Any:
        headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(url, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def furnish(demo: DemoProcess) -> Names:
    """Make the accounts, keys, providers and faults, and return their names."""
    world = ClientWorld(demo)
    world.simulate("latency", {"model": "*"})
    for model in (LIMITED, CLOSED, BREAKING, *LIMITED_ONCE, BREAKING_CLAUDE):
        _serve(world, model)
    for fault in _faults():
        world.simulate("faults", fault)
    _close(world, CLOSED)
    spent, hasty = (_account(world, name) for name in ("Spent", "Hasty"))
    world.admin("PUT", "/admin/budgets", {"scope": "account", "target": spent, "period": "daily", "limit": "0.000001"})
    world.admin("PUT", f"/admin/limits/{hasty}", {"requestsPerSecond": 0.001, "burst": 1})
    spent_key, hasty_key = (_key(world, account) for account in (spent, hasty))
    world.ask("POST", "/llm/route", {"prompt": "the one request of this hour"}, hasty_key)
    return Names(demo.base_url, demo.facts["api_key"], spent_key, hasty_key)


def _faults() -> list[dict[str, Any]]:
    wait = {"status": 429, "headers": {"retry-after": "1"}}
    broken = [{"model": model, "stream": True, "error_after": 6} for model in (BREAKING, BREAKING_CLAUDE)]
    once = [{"model": model, **wait, "count": 1} for model in LIMITED_ONCE]
    return [{"model": LIMITED, **wait}, *broken, *once]


def _serve(world: ClientWorld, model: str) -> None:
    kind = "anthropic" if model.startswith("claude") else "openai"
    capabilities = {"vision": True, "tools": True, "jsonSchema": True, "maxTemperature": 1.0}
    row = {"name": f"clients-{model.replace('.', '-')}", "kind": kind, "model": model, "useCases": [],
           "maxTokens": 4096, "contextWindow": 128000, "capabilities": capabilities}  # fmt: skip
    world.admin("POST", "/admin/providers", row)


def _close(world: ClientWorld, model: str) -> None:
    listed = world.admin("GET", "/admin/breakers")
    upstream = next(each["state"]["id"] for each in listed["upstreams"] if each["state"]["family"] == model)
    world.admin("POST", f"/admin/breakers/{upstream}/open", {"reason": "clients are told"})


def _account(world: ClientWorld, name: str) -> str:
    return str(world.admin("POST", "/admin/accounts", {"name": name})["id"])


def _key(world: ClientWorld, account: str) -> str:
    return str(world.admin("POST", "/admin/keys", {"accountId": account})["key"])
