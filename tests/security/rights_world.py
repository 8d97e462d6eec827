"""A whole runtime with two accounts that have one of everything, and everybody who may come to its door."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import structs
from starlette.types import ASGIApp

from db.engine import make_engine
from db.hop import StoreHop
from db.records.alerts import raise_alerts
from router_core.admin.alert_views import ChannelOrder
from router_core.admin.people_views import PersonChange
from router_core.admin.topups import TopUpOrder
from router_core.admin.treasury import BudgetOrder
from router_core.ports import AccountRecord, SessionRecord, UserRecord
from router_core.security.api_keys import new_api_key
from router_core.types import (
    EMBEDDED,
    Alert,
    AuditFilter,
    KeyRole,
    KeyScopes,
    PersonRole,
    Principal,
    ProviderAnswer,
    ProviderCall,
    ProviderPart,
)
from signalbox.asgi import api_application
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings
from tests.security.asked_things import Things
from tests.support.asgi_calls import Heard, call_asgi
from tests.support.core_fakes import PRICES, PlainKeys, ScriptedAdapters, answer, ask, parts, service
from tests.support.fake_clock import FakeClock

__all__ = ["DEAD", "STRANGERS", "Caller", "RightsWorld", "rights_world"]

Home = Literal["own", "foreign"]
ANN: Final = Principal(kind="person", id="u-ann", name="ann@example.com", role="owner", accounts=())
ROLES: Final[tuple[PersonRole, ...]] = ("owner", "admin", "operator", "prompt_engineer", "analyst", "viewer")
DEAD: Final = (
    "nobody", "disabled person", "expired session", "idle session", "closed session", "made-up session",
    "revoked key", "expired key", "key of a closed account", "made-up key", "hash of a key",
)  # fmt: skip
"""Whoever has no valid credential."""
STRANGERS: Final = ("foreign service key",)
"""Whoever belongs to the other account."""
LIMITED: Final = {"limited service key": ("/api/llm",), "limited admin key": ("/api/admin/audit", "/api/admin/budgets")}
"""Keys that may use some paths only."""
_PAGE: Final = {"sec-fetch-site": "same-origin"}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials: who they are in the tables of rights, and the headers that they send.

    ``paths`` are those that a limited key may use, None for all that its role may.
    """

    name: str
    rights: str
    headers: Mapping[str, str]
    home: Home = "own"
    paths: tuple[str, ...] | None = None

    @property
    def sees_all(self) -> bool:
        """Say whether this is a head of the installation, who sees every account."""
        return self.rights in ("owner", "admin", "admin key")


@dataclass(frozen=True)
class RightsWorld:
    """The server, those who call, and what there is to ask for; ``adapters`` note the calls to providers."""

    runtime: Runtime
    app: ASGIApp
    adapters: ScriptedAdapters
    callers: Mapping[str, Caller]
    own: Things
    foreign: Things
    _peers: "count[int]"

    async def ask(self, caller: Caller, method: str, path: str, query: str = "", body: Any = None) -> Heard:
        """Send a request of ``caller`` from an address that nobody used before, so that no throttle has seen it."""
        peer = next(self._peers)
        headers = {"content-type": "application/json", **caller.headers}
        return await call_asgi(
            self.app, method, path, query=query, headers=headers,
            body=b"" if body is None else msgspec.json.encode(body),
            address=f"10.{peer >> 16 & 255}.{peer >> 8 & 255}.{peer & 255}",
        )  # fmt: skip

    def abroad(self, caller: Caller) -> Things:
        """Return the things of the account that ``caller`` does not belong to."""
        return self.foreign if caller.home == "own" else self.own


class Answering(ScriptedAdapters):
    """Answers every call alike, whole or in parts."""

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        self.calls.append(call)
        return answer()

    async def count_tokens(self, call: ProviderCall) -> int | None:
        return 42

    async def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        for part in parts("Hello"):
            yield part


@asynccontextmanager
async def rights_world(folder: Path) -> AsyncIterator[RightsWorld]:
    """Build it in ``folder``; every provider answers alike."""
    env = {
        "SIGNALBOX_DATA_DIR": str(folder), "OPENAI_API_KEY": "sk-test", "ANTHROPIC_API_KEY": "sk-ant-test",
        "SIGNALBOX_HEALTH_CHECKS": "false", "SIGNALBOX_AUDIT_FLUSH_S": "0.05",
        "SIGNALBOX_RATE_LIMIT_RPS": "1000", "SIGNALBOX_RATE_LIMIT_BURST": "5000",
    }  # fmt: skip
    adapters = Answering(FakeClock())
    overrides = Overrides(adapters=adapters, keys=PlainKeys(), prices=PRICES)
    runtime = await build(read_settings(env), overrides=overrides)
    try:
        runtime.readiness.open()
        own, foreign = await _furnished(runtime, "own51be20"), await _furnished(runtime, "foreign7f3a9c")
        callers = {each.name: each for each in [*await _people(runtime), *await _keys(runtime)]}
        yield RightsWorld(runtime, api_application(runtime), adapters, callers, own, foreign, count(1))
    finally:
        await runtime.close()


# --- what there is -------------------------------------------------------------------------------------------------


async def _furnished(runtime: Runtime, mark: str) -> Things:
    """Make an account that has one of everything; return what it has."""
    now, account = runtime.clock.utcnow(), f"{mark}-account"
    await runtime.accounts.create(
        AccountRecord(id=account, name=f"{mark} Ltd", timezone="UTC", is_active=True, created_at=now)
    )
    made = new_api_key(runtime.pepper, runtime.clock, account_id=account, role="service", name=f"{mark} spare")
    await runtime.api_keys.create(made.record)
    budget = await runtime.money.treasury.set_budget(
        BudgetOrder(scope="account", target=account, period="daily", limit="50"), ANN
    )
    topup = await runtime.money.topups.ask(TopUpOrder(target=account, amount="5", reason=f"{mark} launch"), ANN)
    channel = await runtime.money.alerts.make_channel(
        ChannelOrder(kind="webhook", target=f"https://{mark}.example.com/in", account_id=account), ANN
    )
    await _alerted(runtime, account, now)
    deliveries = await runtime.money.alerts.deliveries(ANN, channel_id=channel.channel.id)
    provider = await _own_provider(runtime, mark, account)
    request, entry = await _asked(runtime, mark, account, now)
    return Things(
        mark=mark, account=account, key=made.id, provider=provider, budget=budget.id, topup=topup.id,
        channel=channel.channel.id, delivery=deliveries[0].delivery.id, entry=entry, request=request,
    )  # fmt: skip


async def _alerted(runtime: Runtime, account: str, now: datetime) -> None:
    """Raise an alert about the account's budget, as the record does."""
    raised = Alert(
        kind="threshold", subject=f"account:{account}:daily", period=now.date().isoformat(), threshold=80,
        limit=50 * 10**9, spent=41 * 10**9, at=now,
    )  # fmt: skip
    engine = make_engine(runtime.settings.store_url)
    hop = StoreHop(engine)
    await hop.write(lambda session: raise_alerts(session, [raised], now))
    hop.close()
    engine.dispose()


async def _own_provider(runtime: Runtime, mark: str, account: str) -> str:
    """Give the account a provider of its own, with a use case of its own."""
    name = f"{mark}-provider"
    entry = dict((await runtime.configuration.provider("openai-gpt4o-mini", ANN)).entry)
    entry |= {"id": f"id-{name}", "name": name, "accountId": account, "useCases": [f"{mark}-case"], "isDefault": False}
    await runtime.configuration.add_provider(entry, ANN)
    return name


async def _asked(runtime: Runtime, mark: str, account: str, now: datetime) -> tuple[str, str]:
    """Have a request of the account on record; return its id and that of its row."""
    request = f"{mark}-request"
    asked = ask(use_case=f"{mark}-case", max_tokens=9, metadata={"team": f"{mark} team"})
    await runtime.router.complete(asked, service(account), request)
    await runtime.recording.recorder.catch_up()
    wanted = AuditFilter(since=now - _DAY, until=now + _DAY, request_id=request)
    (row,) = (await runtime.audit.page(wanted, limit=5, cursor=None, oldest=True)).entries
    return request, row.id


# --- who comes -----------------------------------------------------------------------------------------------------


async def _people(runtime: Runtime) -> list[Caller]:
    found = []
    for role in ROLES:
        token = (await runtime.session_gate.open(await _person(runtime, role, role))).token.reveal()
        found.append(_visitor(role.replace("_", " "), token))
    gone = await _person(runtime, "gone", "owner")
    token = (await runtime.session_gate.open(gone)).token.reveal()
    await runtime.access.people.change(gone.id, PersonChange(is_active=False), EMBEDDED)
    found.append(_visitor("disabled person", token))
    owner, now = await _person(runtime, "second", "owner"), runtime.clock.utcnow()
    ended = {
        "expired session": {"created_at": now - _DAY, "expires_at": now - timedelta(seconds=1)},
        "idle session": {"last_seen_at": now - timedelta(hours=2)},
        "closed session": {"revoked_at": now - timedelta(seconds=1)},
    }
    for name, changes in ended.items():
        await runtime.sessions.create(structs.replace(_session(name, owner, now), **changes))
        found.append(_visitor(name, name.replace(" ", "-")))
    return [*found, _visitor("made-up session", "A" * 43), Caller("nobody", "nobody", {})]


def _visitor(name: str, token: str) -> Caller:
    return Caller(name, name, {**_PAGE, "cookie": f"signalbox_session={token}"})


def _session(name: str, owner: UserRecord, now: datetime) -> SessionRecord:
    return SessionRecord(
        token_hash=sha256(name.replace(" ", "-").encode()).digest(), user_id=owner.id, csrf="x", created_at=now,
        expires_at=now + _DAY, last_seen_at=now,
    )  # fmt: skip


async def _person(runtime: Runtime, name: str, role: PersonRole) -> UserRecord:
    made = UserRecord(
        id=f"user-{name}", email=f"{name}@example.com", password_hash="x", role=role,
        accounts=("own51be20-account",), is_active=True, created_at=runtime.clock.utcnow(),
    )  # fmt: skip
    await runtime.users.create(made)
    return made


async def _keys(runtime: Runtime) -> list[Caller]:
    now = runtime.clock.utcnow()
    closed = AccountRecord(id="closed", name="Closed", timezone="UTC", is_active=False, created_at=now)
    await runtime.accounts.create(closed)
    past = now - timedelta(seconds=1)
    live = await _key(runtime, "service key", "service")
    _, _, secret = live.headers["authorization"].rpartition("_")
    stored = (await runtime.api_keys.list())[0].secret_hash.hex()
    return [
        live,
        await _key(runtime, "admin key", "admin"),
        await _key(runtime, "foreign service key", "service", "foreign7f3a9c-account"),
        await _key(runtime, "limited service key", "service"),
        await _key(runtime, "limited admin key", "admin"),
        await _key(runtime, "revoked key", "admin", revoked_at=past),
        await _key(runtime, "expired key", "admin", expires_at=past),
        await _key(runtime, "key of a closed account", "admin", "closed"),
        _holder("made-up key", f"sbx_0123456789abcdef_{secret}"),
        _holder("hash of a key", live.headers["authorization"].removeprefix("Bearer ").replace(secret, stored)),
    ]


async def _key(
    runtime: Runtime, name: str, role: KeyRole, account: str = "own51be20-account", **changes: Any
) -> Caller:
    paths = LIMITED.get(name)
    made = new_api_key(
        runtime.pepper, runtime.clock, account_id=account, role=role, name=name, scopes=KeyScopes(routes=paths)
    )
    await runtime.api_keys.create(structs.replace(made.record, **changes))
    rights = f"{role} key" if name in STRANGERS or paths else name
    home: Home = "foreign" if account.startswith("foreign") else "own"
    return Caller(name, rights, {"authorization": f"Bearer {made.key.reveal()}"}, home, paths)


def _holder(name: str, key: str) -> Caller:
    return Caller(name, name, {"authorization": f"Bearer {key}"})
