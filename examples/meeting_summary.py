"""Several meetings summed up at once, with the asynchronous client, and what that cost together."""

import asyncio
from decimal import Decimal

from router_core.client import AsyncRouterClient
from router_core.types import LLMRequest

MEETINGS = {
    "Kitchen, Okafor": "Ann: The worktop comes on the 4th. Ben: Then we tile on the 5th. Ann: I tell the customer.",
    "Van": "Ben: The van needs new tyres before winter. Ann: Get two offers by Friday.",
}


def request_for(notes: str) -> LLMRequest:
    # The library's own types say what there is: an editor completes them, and a typo is found before the call.
    return LLMRequest(
        use_case="summary",
        system_prompt="Sum up the meeting in one sentence, then list who does what until when.",
        prompt=notes,
        max_tokens=400,
    )


async def main() -> None:
    async with AsyncRouterClient() as client:
        answers = await asyncio.gather(*(client.call(request_for(notes)) for notes in MEETINGS.values()))
    for title, answer in zip(MEETINGS, answers, strict=True):
        print(f"{title}\n{answer.text}\n")
    print(f"-- ${sum(Decimal(answer.cost.usd or 0) for answer in answers)} in all")


if __name__ == "__main__":
    asyncio.run(main())
