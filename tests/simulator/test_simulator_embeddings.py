"""OpenAI's embeddings, and Anthropic's counting of tokens, spoken to by their own clients."""

import math
from typing import Any

import openai
import pytest

from tests.simulator.conftest import AnthropicClient, OpenAIClient

MODEL = "text-embedding-3-small"


async def test_the_same_text_points_the_same_way_whatever_its_company_and_its_format(openai_client: OpenAIClient):
    alone = await openai_client.embeddings.create(model=MODEL, input="a harbour")
    both = await openai_client.embeddings.create(model=MODEL, input=["a river", "a harbour"], encoding_format="float")
    assert [each.index for each in both.data] == [0, 1]
    assert both.data[1].embedding == pytest.approx(alone.data[0].embedding)
    assert both.data[0].embedding != both.data[1].embedding
    assert math.sqrt(sum(each * each for each in alone.data[0].embedding)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("ask", "size"),
    [({}, 1_536), ({"dimensions": 7}, 7), ({"model": "text-embedding-3-large"}, 3_072)],
)
async def test_a_vector_is_as_long_as_was_asked_for(openai_client: OpenAIClient, ask: dict[str, Any], size: int):
    made = await openai_client.embeddings.create(**({"model": MODEL, "input": "x"} | ask))
    assert len(made.data[0].embedding) == size


async def test_tokens_are_counted_and_text_is_estimated(openai_client: OpenAIClient):
    made = await openai_client.embeddings.create(model=MODEL, input=[[1, 2, 3], [4]])
    assert (made.usage.prompt_tokens, made.usage.total_tokens, len(made.data)) == (4, 4, 2)
    made = await openai_client.embeddings.create(model=MODEL, input="x" * 40)
    assert made.usage.prompt_tokens == 10


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError),
        ({"input": ""}, openai.BadRequestError),
        ({"input": []}, openai.BadRequestError),
        ({"input": ["x"] * 2_049}, openai.BadRequestError),
        ({"input": [[1] * 8_193]}, openai.BadRequestError),
        ({"dimensions": 1_537}, openai.BadRequestError),
        ({"model": "text-embedding-ada-002", "dimensions": 8}, openai.BadRequestError),
    ],
)
async def test_what_cannot_be_embedded_is_refused(
    openai_client: OpenAIClient, ask: dict[str, Any], kind: type[openai.APIStatusError]
):
    with pytest.raises(kind):
        await openai_client.embeddings.create(**({"model": MODEL, "input": "x"} | ask))


async def test_counted_tokens_are_those_that_the_answer_says_were_read(anthropic_client: AnthropicClient):
    ask = {
        "model": "claude-haiku-4-5",
        "system": "Be brief",
        "messages": [{"role": "user", "content": "How do tides shape a harbour?"}],
        "tools": [{"name": "look", "description": "Look", "input_schema": {"type": "object", "properties": {}}}],
    }
    counted = await anthropic_client.messages.count_tokens(**ask)
    made = await anthropic_client.messages.create(**ask, max_tokens=50)
    assert counted.input_tokens == made.usage.input_tokens
