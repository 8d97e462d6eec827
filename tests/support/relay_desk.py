"""A router behind the paths of other protocols, asked in this process."""

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from router_core.api.app import ApiApplication, ApiDeps, ApiLimits
from router_core.clock import Clock, SystemClock
from router_core.idempotency.answers import IdempotentAnswers
from router_core.idempotency.memory_answers import MemoryAnswers
from router_core.ports import AccountRecord
from router_core.router import Router
from router_core.security.api_keys import KeyAuthenticator, new_api_key
from router_core.security.key_throttle import KeyThrottle, ThrottlePolicy
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import UNLIMITED, KeyScopes
from tests.support.asgi_calls import Heard, call_asgi
from tests.support.key_world import PEPPER

__all__ = ["RelayDesk", "relay_desk"]


@dataclass
class RelayDesk:
    """The paths, and the key of account ``acme`` with which they are asked."""

    app: ApiApplication
    key: str

    async def ask(self, path: str, body: Any = None, method: str = "POST", query: str = "", **headers: str) -> Heard:
        """Send a request; ``body`` is JSON text, or becomes some. Underscores in names of ``headers`` are dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        own = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        return await call_asgi(self.app, method, path, query=query, headers={**own, **named}, body=sent)


async def relay_desk(router: Router, clock: Clock | None = None, scopes: KeyScopes = UNLIMITED) -> RelayDesk:
    """Return the paths in front of ``router``."""
    clock = clock or SystemClock()
    accounts = MemoryAccountStore()
    keys = MemoryApiKeyStore(accounts)
    await accounts.create(
        AccountRecord(id="acme", name="acme", timezone="UTC", is_active=True, created_at=clock.utcnow())
    )
    made = new_api_key(PEPPER, clock, account_id="acme", role="service", name="acme service", scopes=scopes)
    await keys.create(made.record)
    throttle = KeyThrottle(clock, ThrottlePolicy(attempts=100_000))
    deps = SimpleNamespace(
        router=router, authenticator=KeyAuthenticator(keys, accounts, PEPPER, clock, throttle), limits=ApiLimits(),
        clock=clock, idempotency=IdempotentAnswers(MemoryAnswers(clock), b"i" * 32, 150.0),
    )  # fmt: skip
    return RelayDesk(ApiApplication(cast(ApiDeps, deps)), made.key.reveal())
