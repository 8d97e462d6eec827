"""The whole HTTP interface over a real store, before a fake provider or those that an environment names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router_core.providers import FakeAdapter, FakeAdapterSource
from signalbox.administration import create_account, issue_key
from signalbox.asgi import api_application
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings
from tests.support.api_server import serving

__all__ = ["OURS", "ContractServer", "contract_server"]

OURS = b"Bearer ours"
ROOMY = {"SIGNALBOX_RATE_LIMIT_RPS": "100000", "SIGNALBOX_RATE_LIMIT_BURST": "100000"}


class ContractServer:
    """Serves the interface of a runtime that lives as long as the server.

    Who says ``OURS`` as authorization is an admin with a key that works, whatever was done to the one before.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.url = ""
        self._folder = folder
        self._environment = environment
        self._app: ASGIApp | None = None
        self._runtime: Runtime | None = None
        self._key = b""
        self._callers = count(1)

    @property
    def key(self) -> str:
        """The admin's key, for whoever cannot say ``OURS``; there is none before the first answer."""
        return self._key.decode().removeprefix("Bearer ")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self._app is not None
        # Everybody comes from another address: who tries bad keys on purpose must not be throttled for it.
        number = next(self._callers)
        is_ours = (b"authorization", OURS) in scope["headers"]
        statuses: list[int] = []

        async def noting(message: Message) -> None:
            statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])
            await send(message)

        headers = [(name, self._key if value == OURS else value) for name, value in scope["headers"]]
        client = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 40_000)
        await self._app({**scope, "client": client, "headers": headers}, receive, noting)
        if is_ours and statuses == [401]:
            await self._issue()

    async def _live(self, receive: Receive, send: Send) -> None:
        fake = FakeAdapter()
        keys = {"OPENAI_API_KEY": "sk-test", "ANTHROPIC_API_KEY": "sk-ant-test"}
        own = {"SIGNALBOX_DATA_DIR": str(self._folder), **keys, **ROOMY}
        settings = read_settings({**own, **(self._environment or {})})
        faked = FakeAdapterSource({"openai": fake, "anthropic": fake})
        overrides = Overrides(adapters=faked if self._environment is None else None)
        await receive()
        runtime = await build(settings, overrides=overrides)
        self._app, self._runtime = api_application(runtime), runtime
        await self._issue()
        runtime.readiness.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await runtime.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _issue(self) -> None:
        """Make an account with an admin's key: what is tried may have ended the last one."""
        assert self._runtime is not None
        runtime, number = self._runtime, next(self._callers)
        account = await create_account(runtime.accounts, runtime.clock, f"account {number}", "UTC")
        made = await issue_key(
            runtime.api_keys, runtime.pepper, runtime.clock, account_id=account.id, role="admin", name=f"key {number}"
        )
        self._key = b"Bearer " + made.key.reveal().encode()


@contextmanager
def contract_server(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[ContractServer]:
    """Serve on a free port of 127.0.0.1 until the block ends, before the providers of ``environment``, if any."""
    server = ContractServer(folder, environment)
    with serving(server, lifespan="on") as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server
