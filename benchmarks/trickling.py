"""What clients notice while others trickle: ``python -m benchmarks.trickling --url http://127.0.0.1:8501 [--key KEY]``.

A few ordinary clients ask 40 times a second, in turns alone and beside ``--slow`` connections of another process.
Each of those sends one byte of a header every two seconds and comes again as soon as it is let go.
"""

import argparse
import asyncio
import multiprocessing
import time
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.queues import Queue
from urllib.parse import urlsplit

PAUSE_S = 2.0
CLIENTS, EVERY_S, ROUNDS = 4, 0.1, 3
BODY = b'{"prompt":"hello","useCase":"draft"}'


@dataclass
class Figures:
    """What was seen: seconds of answers, seconds that a trickling connection lasted, and who was not answered."""

    taken: list[float] = field(default_factory=list)
    lasted: list[float] = field(default_factory=list)
    failed: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", help="asks for the route of a request with it; without, whether the process is alive")
    parser.add_argument("--slow", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=25.0)
    options = parser.parse_args()
    parts = urlsplit(options.url)
    place = (parts.hostname or "127.0.0.1", parts.port or 80)
    alone, beside = Figures(), Figures()
    lasted: Queue[list[float]] = multiprocessing.Queue()
    for _ in range(ROUNDS):
        asyncio.run(_crowd(place, _request(options.key), alone, options.seconds))
        given = (place, options.slow, options.seconds, lasted)
        others = multiprocessing.Process(target=_trickle_along, args=given)
        others.start()
        asyncio.run(_crowd(place, _request(options.key), beside, options.seconds))
        beside.lasted += lasted.get()
        others.join()
    _print("alone", alone)
    _print(f"beside {options.slow}", beside)
    print(f"{len(beside.lasted)} trickling connections ended, after {max(beside.lasted, default=0.0):.1f} s at most")


def _trickle_along(place: tuple[str, int], slow: int, seconds: float, lasted: "Queue[list[float]]") -> None:
    figures = Figures()
    asyncio.run(_trickles(place, slow, seconds, figures))
    lasted.put(figures.lasted)


async def _trickles(place: tuple[str, int], slow: int, seconds: float, figures: Figures) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(slow):
            group.create_task(_trickle(place, figures, seconds, number / slow * PAUSE_S))


async def _crowd(place: tuple[str, int], request: bytes, figures: Figures, seconds: float) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(_ask(place, request, figures, seconds))


async def _ask(place: tuple[str, int], request: bytes, figures: Figures, seconds: float) -> None:
    ends = time.perf_counter() + seconds
    reader, writer = await asyncio.open_connection(*place)
    while (began := time.perf_counter()) < ends:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
        await reader.readexactly(int(length.split(b" ")[1]))
        figures.taken.append(time.perf_counter() - began)
        figures.failed += not head.startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(max(0.0, EVERY_S - figures.taken[-1]))
    writer.close()


async def _trickle(place: tuple[str, int], figures: Figures, seconds: float, late: float) -> None:
    ends = time.perf_counter() + seconds
    await asyncio.sleep(late)
    while (began := time.perf_counter()) < ends:
        reader, writer = await asyncio.open_connection(*place)
        left = asyncio.ensure_future(reader.read())
        for place_in_head in count():
            if left.done() or time.perf_counter() > ends:
                break
            writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slowly: yyyyyyyy"[place_in_head : place_in_head + 1])
            await asyncio.wait([left], timeout=PAUSE_S)
        if left.done():
            figures.lasted.append(time.perf_counter() - began)
        left.cancel()
        writer.close()


def _request(key: str | None) -> bytes:
    if key is None:
        return b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = (
        f"POST /api/llm/route HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


def _print(name: str, figures: Figures) -> None:
    ranked = sorted(each * 1000 for each in figures.taken)
    middle, most = ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.99)]
    print(f"{name:<12} {len(ranked):5} requests, {figures.failed} failed, p50 {middle:5.1f} ms, p99 {most:5.1f} ms")


if __name__ == "__main__":
    main()
