"""Sends planned requests to a running server's HTTP API."""

from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from router_core.clock import Clock
from router_core.egress.connector import open_session
from router_core.egress.fence import Fence
from router_core.egress.places import Egress
from router_core.types import Secret
from signalbox.workload.driver import PlannedRequest
from signalbox.workload.tally import SUCCESS, Outcome

__all__ = ["HttpTarget"]

_DATA: Final = b"data: "
_DONE: Final = b"[DONE]"
_TIMEOUT_S: Final = 90.0  # the server's own deadline is shorter, so its answer wins


class _Reading:
    """What has been read of one answer so far."""

    __slots__ = ("code", "facts", "first_token_at")

    def __init__(self) -> None:
        self.code = "INCOMPLETE_STREAM"
        self.first_token_at: float | None = None
        self.facts: dict[str, Any] = {}


class HttpTarget:
    """One connection pool to ``url``; use it as an asynchronous context manager."""

    def __init__(self, url: str, key: Secret, clock: Clock, *, connections: int) -> None:
        self._url = f"{url}/api/llm"
        self._headers = {"authorization": f"Bearer {key.reveal()}", "content-type": "application/json"}
        self._clock = clock
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = open_session(
            Egress(Fence([urlsplit(self._url).hostname or ""])),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            limit=self._connections,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: PlannedRequest) -> Outcome:
        """Send one request and say what came of it."""
        started = self._clock.now()
        reading = _Reading()
        try:
            await self._exchange(request, reading)
        except TimeoutError:
            reading.code = "CLIENT_TIMEOUT"
        except aiohttp.ClientConnectorError:
            reading.code = "UNREACHABLE"
        except (aiohttp.ClientError, OSError):
            reading.code = "CONNECTION_LOST"
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            reading.code = "UNREADABLE_ANSWER"
        return _outcome(reading, started, self._clock.now())

    async def _exchange(self, request: PlannedRequest, reading: _Reading) -> None:
        if self._session is None:
            raise RuntimeError("the target is not open")
        body = {"useCase": request.use_case, "prompt": request.prompt, "stream": request.stream}
        async with self._session.post(
            self._url, data=msgspec.json.encode(body), headers=self._headers, allow_redirects=False, read_bufsize=2**20
        ) as answer:
            if answer.status == 200 and request.stream:
                await self._read_stream(answer.content, reading)
                return
            content = msgspec.json.decode(await answer.read(), type=dict[str, Any])
            if answer.status == 200:
                reading.code, reading.facts = SUCCESS, content
            else:
                reading.code = str(content.get("error", {}).get("code", f"HTTP_{answer.status}"))

    async def _read_stream(self, lines: aiohttp.StreamReader, reading: _Reading) -> None:
        async for line in lines:
            payload = line.strip().removeprefix(_DATA)
            if line.startswith(_DATA) and payload != _DONE:
                self._read_part(msgspec.json.decode(payload, type=dict[str, Any]), reading)

    def _read_part(self, part: dict[str, Any], reading: _Reading) -> None:
        match part.get("type"):
            case "text-delta" if reading.first_token_at is None:
                reading.first_token_at = self._clock.now()
            case "error":
                reading.code = "STREAM_ERROR"
            case "finish":
                reading.facts = part.get("messageMetadata") or {}
                if reading.code != "STREAM_ERROR":
                    reading.code = SUCCESS


def _outcome(reading: _Reading, started: float, ended: float) -> Outcome:
    usage = reading.facts.get("usage") or {}
    first = reading.first_token_at
    return Outcome(
        code=reading.code,
        latency_ms=(ended - started) * 1000,
        first_token_ms=None if first is None else (first - started) * 1000,
        prompt_tokens=int(usage.get("promptTokens", 0)),
        output_tokens=int(usage.get("completionTokens", 0)),
        model=str(reading.facts.get("model", "")),
    )
