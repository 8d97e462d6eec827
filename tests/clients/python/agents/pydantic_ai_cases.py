"""pydantic-ai on ``/v1``: agents on its models of both vendors."""

import asyncio
import base64
from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic_ai import Agent, BinaryContent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.clients.people import Person
from tests.clients.python.running import refusal, refusal_cases

__all__ = ["pydantic_ai_cases"]


def pydantic_ai_cases(names: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return the cases."""
    asked, base_url = names["asked"], names["base_url"]

    def chat(model: str, key: str = names["key"]) -> Any:
        return OpenAIChatModel(model, provider=OpenAIProvider(base_url=f"{base_url}/v1", api_key=key))

    def responses(model: str, key: str = names["key"]) -> Any:
        return OpenAIResponsesModel(model, provider=OpenAIProvider(base_url=f"{base_url}/v1", api_key=key))

    def messages(model: str, key: str = names["key"]) -> Any:
        return AnthropicModel(model, provider=AnthropicProvider(base_url=base_url, api_key=key))

    cases: dict[str, Callable[[], Any]] = {}
    for family, made in {"openai": chat, "responses": responses, "anthropic": messages}.items():
        for model in ("gpt-4o-mini", "claude-haiku-4-5"):
            cases |= {
                f"{family}: chat {model}": partial(_chat, made, model, asked),
                f"{family}: stream {model}": partial(_stream, made, model, asked["say_greeting"]),
                f"{family}: tools {model}": partial(_tools, made, model, asked),
                f"{family}: structured {model}": partial(_structured, made, model),
            }
        for model in ("gpt-4o", "claude-sonnet-4-5"):
            cases[f"{family}: image {model}"] = partial(_image, made, model, asked)
        broken = names["breaking_claude" if family == "anthropic" else "breaking"]
        cases[f"{family}: broken stream"] = partial(_broken, made, broken, asked["say_much"])
        refused = refusal_cases(names, partial(_ask, made))
        cases |= {f"{family}: {case}": act for case, act in refused.items()}
    return {f"pydantic-ai {name}": act for name, act in cases.items()}


def _ask(made: Callable[..., Any], model: str, key: str) -> Any:
    return _run(Agent(made(model, key)), "Hello")


def _run(agent: Any, prompt: Any) -> Any:
    """Return the result of a run on an event loop of this thread's own."""
    return asyncio.run(agent.run(prompt))


def _chat(made: Callable[..., Any], model: str, asked: dict[str, Any]) -> Any:
    result = _run(Agent(made(model)), asked["say_greeting"])
    return {"said": result.output, "tokens": [result.usage.input_tokens, result.usage.output_tokens]}


async def _listen(agent: Any, prompt: str, texts: list[str]) -> None:
    async with agent.run_stream(prompt) as streamed:
        async for text in streamed.stream_text(delta=True, debounce_by=None):
            texts.append(text)  # noqa: PERF401 - what came before a break counts


def _stream(made: Callable[..., Any], model: str, prompt: str) -> Any:
    texts: list[str] = []
    asyncio.run(_listen(Agent(made(model)), prompt, texts))
    return {"texts": texts}


def _tools(made: Callable[..., Any], model: str, asked: dict[str, Any]) -> Any:
    cities: list[str] = []
    agent = Agent(made(model))

    @agent.tool_plain(description=asked["weather_text"])  # type: ignore[untyped-decorator] # not installed here
    def tell_weather(city: str) -> str:
        cities.append(city)
        return str(asked["reported"])

    return {"said": _run(agent, asked["ask_weather"]).output, "cities": cities}


def _structured(made: Callable[..., Any], model: str) -> Any:
    person = _run(Agent(made(model), output_type=Person), "Invent a person.").output
    return {"class": type(person).__name__, **person.model_dump()}


def _image(made: Callable[..., Any], model: str, asked: dict[str, Any]) -> Any:
    image = BinaryContent(base64.b64decode(asked["pixel"]), media_type="image/png")
    return {"said": _run(Agent(made(model)), [asked["look"], image]).output}


def _broken(made: Callable[..., Any], model: str, prompt: str) -> Any:
    came: list[str] = []
    told = refusal(lambda: asyncio.run(_listen(Agent(made(model)), prompt, came)))
    return {**told, "came": "".join(came)}
