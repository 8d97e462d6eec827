"""Clients that leave, do not read, send ahead, or are under way when their worker is told to end."""

import json
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.firehose import STREAM_BYTES, Firehose
from tests.support.prompt_client import PromptClient
from tests.support.prompt_routes import PROMPT_ROUTES, PromptRoute
from tests.support.server_process import WorkersServer
from tests.support.simulator_process import SimulatorProcess

WITHIN_S = 1.0
MOST_BYTES = 1024 * 1024
READERS = 8
DRAIN_S, EXIT_S = 2.0, 10.0
EACH = 8
OWN = PROMPT_ROUTES[0]
CLAUDE = "claude-haiku-4-5"
NEVER_MS = 30_000


@dataclass(frozen=True)
class Site:
    """A server between a simulator, which is OpenAI, and a firehose, which is Anthropic."""

    server: WorkersServer
    simulator: SimulatorProcess
    firehose: Firehose
    admin: str

    def client(self, *, lazy: bool = False) -> PromptClient:
        """Return a client with a connection of its own."""
        return PromptClient(self.server.port, str(self.server.facts["api_key"]), lazy=lazy)

    def until(self, condition: Callable[[], bool], most_s: float = 10.0) -> None:
        """Wait until ``condition`` holds; fail when that takes longer."""
        end = time.monotonic() + most_s
        while not condition():
            assert time.monotonic() < end, f"it did not come true within {most_s} s"
            self.server.pause()

    def calls(self, number: int) -> None:
        """Wait until so many calls are under way upstream."""
        self.until(lambda: self.simulator.counts()["active_calls"] == number)

    def manage(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call of an administrator."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.admin}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.server.base_url}/api/admin/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def resident_bytes(self) -> int:
        """Return the memory of the worker."""
        (worker,) = self.server.worker_pids()
        return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def in_flight(self) -> int:
        """Return how many requests the server serves."""
        return int(self.manage("GET", "stats")["inFlight"])

    def ended(self, tag: str, left_at: float, *, outcome: str = "client_closed") -> None:
        """Make sure that every call with the tag ended within a second of when its client left."""
        self.until(lambda: self.simulator.counts()["active_calls"] == 0, 5.0)
        found = [call for call in self.simulator.calls() if call["tag"] == tag]
        assert found
        assert {call["outcome"] for call in found} == {outcome}
        late = [call["started_at"] + call["duration_ms"] / 1000 - left_at for call in found]
        assert max(late) < WITHIN_S, late


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("aborts") / "data"
    with (
        SimulatorProcess() as simulator,
        Firehose() as firehose,
        WorkersServer(
            folder, 1, simulator.openai_url, firehose.url, SIGNALBOX_HEALTH_CHECKS="false",
            SIGNALBOX_RETRY_BUDGET_FLOOR="100", SIGNALBOX_DRAIN_S=str(DRAIN_S), SIGNALBOX_LINGER_S="2",
            SIGNALBOX_DAILY_BUDGET_USD="1000000", SIGNALBOX_MONTHLY_BUDGET_USD="1000000",
        ) as server,
    ):  # fmt: skip
        admin = server.command("keys", "create", "--account", "acme", "--role", "admin")["key"]
        site = Site(server, simulator, firehose, admin)
        site.manage("PUT", "use-cases/vision/policy", {"hedge": True, "hedgeAfterMs": 50})
        yield site


@pytest.fixture
def quiet(site: Site) -> Site:
    """Return the site with nothing going on."""
    site.simulator.reset()
    site.until(lambda: site.in_flight() == 0)
    return site


routes = pytest.mark.parametrize("route", PROMPT_ROUTES, ids=lambda route: route.path)
kinds = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def tagged(tag: str, words: int = 20) -> str:
    return f"hi [[sim:tag={tag}]] [[sim:output_tokens={words}]]"


@routes
@kinds
def test_who_leaves_before_the_first_byte_takes_the_call_along(
    quiet: Site, route: PromptRoute, *, stream: bool
) -> None:
    quiet.simulator.fault(delay_ms=NEVER_MS)
    with quiet.client() as client:
        client.ask(route, route.asked(tagged("early"), stream=stream))
        quiet.calls(1)
    quiet.ended("early", time.time())


@routes
def test_who_leaves_in_the_middle_of_a_stream_takes_the_call_along(quiet: Site, route: PromptRoute) -> None:
    quiet.simulator.fault(slice_bytes=200, slice_delay_ms=50)
    with quiet.client() as client:
        client.ask(route, route.asked(tagged("middle", 500), stream=True))
        client.read_until(b"\n\n")
        quiet.calls(1)
    quiet.ended("middle", time.time())


@routes
@kinds
def test_who_leaves_before_a_repeat_is_not_repeated(quiet: Site, route: PromptRoute, *, stream: bool) -> None:
    quiet.simulator.fault(status=503, headers={"retry-after": "4"})
    with quiet.client() as client:
        client.ask(route, route.asked(tagged("again"), stream=stream))
        quiet.until(lambda: len(quiet.simulator.calls()) == 1)
        assert quiet.in_flight() == 1
    quiet.until(lambda: quiet.in_flight() == 0, WITHIN_S)
    assert len(quiet.simulator.calls()) == 1
    quiet.manage("POST", "breakers/openai-gpt4o-mini/reset", {})


@routes
def test_who_leaves_a_shared_call_takes_it_along_when_nobody_else_waits(quiet: Site, route: PromptRoute) -> None:
    quiet.simulator.fault(delay_ms=NEVER_MS)
    fields, headers = route.cached
    body = route.asked(tagged("shared"), **fields)
    with quiet.client() as leader:
        leader.ask(route, body, **headers)
        quiet.calls(1)
        with quiet.client() as follower:
            follower.ask(route, body, **headers)
            quiet.until(lambda: quiet.in_flight() == 2)
            leader.leave()
            quiet.until(lambda: quiet.in_flight() == 1)
            assert quiet.simulator.counts()["active_calls"] == 1
    quiet.ended("shared", time.time())


@routes
def test_a_shared_call_goes_on_for_who_still_waits(quiet: Site, route: PromptRoute) -> None:
    quiet.simulator.fault(delay_ms=400)
    fields, headers = route.cached
    body = route.asked(tagged("stays"), **fields)
    with quiet.client() as leader, quiet.client() as follower:
        leader.ask(route, body, **headers)
        quiet.calls(1)
        follower.ask(route, body, **headers)
        quiet.until(lambda: quiet.in_flight() == 2)
        leader.leave()
        status, _, _ = follower.answer()
    assert status == 200
    assert [call["outcome"] for call in quiet.simulator.calls()] == ["completed"]


def test_who_leaves_during_a_hedge_takes_both_calls_along(quiet: Site) -> None:
    """Both are at the simulator: the first provider's model and the one behind it are OpenAI's."""
    quiet.simulator.fault(delay_ms=NEVER_MS)
    with quiet.client() as client:
        client.ask(OWN, {"prompt": tagged("hedged"), "useCase": "vision", "stream": True})
        quiet.calls(2)
    quiet.ended("hedged", time.time())


@pytest.fixture(scope="module")
def warm(site: Site) -> None:
    """See to it that the process has what it keeps for good once so many are served at a time."""
    with ExitStack() as stack:
        for number in range(READERS):
            reader = stack.enter_context(site.client(lazy=True))
            reader.ask(OWN, OWN.asked(f"warm {number}", CLAUDE, stream=True))
            reader.read_until(b"word")
    site.until(lambda: site.firehose.open == 0, 5.0)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("route", "shared"),
    [(OWN, True), *((each, False) for each in PROMPT_ROUTES)],
    ids=lambda given: given.path if isinstance(given, PromptRoute) else "shared" if given else "own",
)
def test_who_reads_nothing_is_waited_for_and_takes_no_memory(quiet: Site, route: PromptRoute, *, shared: bool) -> None:
    fields, headers = route.cached if shared else ({}, {})
    before, sent = quiet.resident_bytes(), quiet.firehose.sent
    with ExitStack() as stack:
        for number in range(READERS):
            body = route.asked(f"go on {shared} {number}", CLAUDE, stream=True, **fields)
            stack.enter_context(quiet.client(lazy=True)).ask(route, body, **headers)
        quiet.until(lambda: quiet.firehose.open == READERS)
        _stalled(quiet)
        grown = quiet.resident_bytes() - before
        assert grown < READERS * MOST_BYTES, f"{grown / READERS:,.0f} bytes for each reader"
        assert quiet.firehose.sent - sent < READERS * STREAM_BYTES / 4
    quiet.until(lambda: quiet.firehose.open == 0, WITHIN_S)


def _stalled(site: Site) -> None:
    """Wait until the firehose has sent nothing for a while."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 0.3:
        if site.firehose.sent != last:
            last, since = site.firehose.sent, time.monotonic()
        site.server.pause()


@routes
def test_one_connection_serves_many_requests(quiet: Site, route: PromptRoute) -> None:
    with quiet.client() as client:
        for number in range(50):
            client.ask(route, route.asked(tagged(f"kept-{number}", 1)))
            status, headers, _ = client.answer()
            assert (status, headers.get("connection")) == (200, None)


@routes
def test_requests_sent_ahead_are_answered_in_their_order(quiet: Site, route: PromptRoute) -> None:
    ids = [f"ahead-{number}" for number in range(10)]
    with quiet.client() as client:
        wire = [client.packed(route, route.asked(tagged(each, 1)), **{"x-request-id": each}) for each in ids]
        client.send(b"".join(wire))
        assert [client.answer()[1]["x-request-id"] for _ in ids] == ids


def test_at_the_end_short_streams_end_whole_long_ones_are_told_and_nobody_is_let_in(quiet: Site) -> None:
    """The last test of the file: it ends the server."""
    quiet.simulator.fault(slice_bytes=100, slice_delay_ms=10)
    kept = quiet.client()
    kept.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert kept.answer()[0] == 200
    ends: dict[int, bytes] = {}
    codes: list[int] = []
    tasks = [threading.Thread(target=lambda: codes.append(quiet.server.stop(DRAIN_S + EXIT_S)))]
    clients = [quiet.client() for _ in range(2 * EACH)]
    for number, client in enumerate(clients):
        client.ask(OWN, OWN.asked(tagged(f"end-{number}", 20 if number < EACH else 5_000), stream=True))
        client.read_until(b"text-delta")
        tasks.append(threading.Thread(target=_read_to_the_end, args=(client, number, ends)))
    for each in tasks:
        each.start()
    quiet.until(lambda: not _takes_connections(quiet.server.port), 2.0)
    kept.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert kept.answer()[0] == 503
    for each in tasks:
        each.join(DRAIN_S + EXIT_S)
    for client in (*clients, kept):
        client.leave()
    assert (codes, len(ends)) == ([0], 2 * EACH)
    assert [number for number, body in sorted(ends.items()) if b'"type":"error"' in body] == [*range(EACH, 2 * EACH)]
    assert "Traceback" not in quiet.server.output()


def _read_to_the_end(client: PromptClient, number: int, ends: dict[int, bytes]) -> None:
    ends[number] = client.read_until(b"data: [DONE]\n\n")


def _takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True
