"""A use case with one provider behind it: what the provider asks to wait is waited, and then it serves."""

import aiohttp

from tests.faults.stage import Stage

REQUESTS = 3  # as many repeats as a quiet upstream is always granted
WAIT_MS = 200


async def test_asked_wait_of_the_only_candidate_is_waited_out(stage: Stage):
    """Waking a moment early would find the provider still resting, and nobody else to ask."""
    answers = []
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {stage.key}"}) as session:
        for number in range(REQUESTS):
            limited = {"status": 429, "headers": {"retry-after-ms": str(WAIT_MS)}, "count": 1}
            stage.secondary.control("PUT", "faults", [limited])
            body = {"useCase": "general", "prompt": f"Number {number}"}
            async with session.post(f"{stage.url}/api/llm", json=body) as answer:
                answers.append((answer.status, (await answer.json()).get("latencyMs", 0) >= WAIT_MS))
    assert answers == [(200, True)] * REQUESTS
