"""A tag in a prompt names the call in the log, and changes nothing else."""

from openai import AsyncOpenAI

from tests.support.simulator_process import SimulatorProcess


async def test_tag_stands_in_the_log_and_not_in_the_answer(simulator: SimulatorProcess, openai_client: AsyncOpenAI):
    texts = []
    for prompt in ("Say something", "[[sim:tag=r-17]]Say something"):
        answer = await openai_client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}]
        )
        texts.append(answer.choices[0].message.content)
    assert texts[0] == texts[1]
    assert [call["tag"] for call in simulator.calls()] == ["", "r-17"]
