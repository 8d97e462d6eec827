"""Open-loop traffic over real HTTP, and what a client saw of each request."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

from router_core.clock import SystemClock

__all__ = ["CLIENT_PATIENCE_S", "Seen", "Traffic", "answer_text", "open_traffic", "prompt_of", "read_answer"]

CLIENT_PATIENCE_S = 90.0
_DATA = "data: "

Verdict = Literal["served", "honest_cut", "failed"]


@dataclass
class Seen:
    """One request as its client saw it. Times in seconds; ``at`` is the moment it was sent.

    ``honest_cut`` is a stream that began, broke off, and said so: an error part, a finish with reason ``error`` and
    ``[DONE]``, with nothing but the beginning of the right text before.
    """

    tag: str
    streamed: bool
    at: float
    verdict: Verdict = "failed"
    why: str = "nothing came back"
    provider: str = ""
    seconds: float = 0.0
    first_token: float | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def answer_text(tag: str) -> str:
    """Return what the simulated model says to the request ``tag``; letters of several bytes included."""
    return f"Answer {tag}: größer, 東京 and 🚂 arrive in one piece, whole and in order."


def prompt_of(tag: str) -> str:
    """Return the prompt of the request ``tag``."""
    return f"[[sim:tag={tag}]][[sim:say={answer_text(tag)}]]Please write a short note."


class Traffic:
    """Sends requests to one server; ``name`` keeps the tags of several phases apart."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self._session = session
        self._url = f"{url}/api/llm"
        self._name = name
        self._clock = SystemClock()
        self._sent = 0
        self._running: set[asyncio.Task[None]] = set()
        self.seen: list[Seen] = []
        self.late = 0.0

    async def offer(self, rate: float, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Send ``rate`` requests a second for ``seconds``, whatever comes back; stop early once ``until`` is true."""
        started = self._clock.now()
        for number in range(round(rate * seconds)):
            ahead = started + number / rate - self._clock.now()
            if ahead > 0:
                await self._clock.sleep(ahead)
            self.late = max(self.late, -ahead)
            if until():
                return
            task = asyncio.create_task(self.ask())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Wait for every answer that is still on its way."""
        while self._running:
            await asyncio.gather(*self._running)

    async def ask(self) -> None:
        """Send one request, every second one a stream, and keep what was seen."""
        self._sent += 1
        seen = Seen(f"{self._name}-{self._sent}", streamed=self._sent % 2 == 0, at=self._clock.now())
        self.seen.append(seen)
        body = {"useCase": "draft", "prompt": prompt_of(seen.tag), "explain": True, "stream": seen.streamed}
        try:
            async with self._session.post(self._url, json=body) as answer:
                await read_answer(answer, seen, self._clock)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            seen.verdict, seen.why = "failed", f"{type(error).__name__}: {error}"[:200]
        seen.seconds = self._clock.now() - seen.at


@asynccontextmanager
async def open_traffic(url: str, key: str, name: str) -> AsyncIterator[Traffic]:
    """Yield traffic to ``url``; all connections are closed afterwards."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=CLIENT_PATIENCE_S),
        headers={"authorization": f"Bearer {key}"},
        read_bufsize=2**20,
    ) as session:
        traffic = Traffic(session, url, name)
        try:
            yield traffic
        finally:
            await traffic.settle()


async def read_answer(answer: aiohttp.ClientResponse, seen: Seen, clock: SystemClock) -> None:
    """Read an answer to its end into ``seen``."""
    if answer.status == 200 and seen.streamed:
        await _read_stream(answer, seen, clock)
        return
    content = json.loads(await answer.read())
    if answer.status != 200:
        seen.why = f"{answer.status} {content['error']['code']}"
        return
    _note_facts(content, seen)
    _judge_text(content["text"], seen)


async def _read_stream(answer: aiohttp.ClientResponse, seen: Seen, clock: SystemClock) -> None:
    texts: list[str] = []
    kinds: list[str] = []
    finish: dict[str, Any] = {}
    async for raw in answer.content:
        line = raw.decode()
        if not line.startswith(_DATA):
            continue
        payload = line.removeprefix(_DATA).strip()
        part = {"type": payload} if payload == "[DONE]" else json.loads(payload)
        kinds.append(part["type"])
        if part["type"] == "text-delta":
            seen.first_token = seen.first_token or clock.now() - seen.at
            texts.append(part["delta"])
        if part["type"] == "finish":
            finish = part
    if kinds[-2:] != ["finish", "[DONE]"]:
        seen.why = f"the stream ended in {kinds[-2:]}"
        return
    text = "".join(texts)
    if finish.get("finishReason") == "error":
        honest = "error" in kinds and answer_text(seen.tag).startswith(text)
        seen.verdict = "honest_cut" if honest else "failed"
        seen.why = str(finish["messageMetadata"]["error"]["code"])
        return
    _note_facts(finish["messageMetadata"], seen)
    _judge_text(text, seen)


def _note_facts(facts: dict[str, Any], seen: Seen) -> None:
    seen.provider = facts["provider"]
    seen.attempts = facts["decision"]["attempts"]


def _judge_text(text: str, seen: Seen) -> None:
    if text == answer_text(seen.tag):
        seen.verdict, seen.why = "served", ""
    else:
        seen.why = f"wrong text: {text!r}"[:200]
