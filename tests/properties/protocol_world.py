"""The paths of all protocols before both vendors, which are played: real router, real adapters, no network."""

import asyncio
import json
from typing import Any

from router_core.router import Router, StaticConfig
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys, provider
from tests.support.played_vendor import PlayedAdapters, PlayedVendor
from tests.support.relay_desk import RelayDesk, relay_desk

__all__ = ["World"]


class World:
    """The paths before both vendors, played, on one loop."""

    def __init__(self) -> None:
        self.vendor = PlayedVendor()
        self.runner = asyncio.Runner()
        rows = [
            provider("gpt", model="gpt-4o", context_window=10**7),
            provider("claude", kind="anthropic", model="claude-sonnet-4-5", context_window=10**7),
        ]
        router = Router(
            config=StaticConfig(rows), adapters=PlayedAdapters(self.vendor), keys=PlainKeys(), prices=PRICES,
            recorder=KeptEvents(),
        )  # fmt: skip
        self._desk: RelayDesk = self.runner.run(relay_desk(router))

    def ask(self, path: str, body: dict[str, Any], answer: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the vendor was asked, and what the client was answered."""
        self.vendor.answer = json.dumps(answer).encode()
        heard = self._heard(path, body)
        told: dict[str, Any] = json.loads(heard)
        return self.vendor.bodies[-1], told

    def stream(self, path: str, body: dict[str, Any], pieces: tuple[bytes, ...]) -> list[dict[str, Any]]:
        """Return the data of the events that the client was sent."""
        self.vendor.pieces = pieces
        lines = self._heard(path, {**body, "stream": True}).decode().split("\n")
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [json.loads(each) for each in data if each != "[DONE]"]

    def _heard(self, path: str, body: dict[str, Any]) -> bytes:
        heard = self.runner.run(self._desk.ask(path, body))
        assert heard.status == 200, heard.body
        return heard.body
