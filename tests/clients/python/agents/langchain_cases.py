"""LangChain on ``/v1``: its models of both vendors."""

from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from tests.clients.people import Person
from tests.clients.python.running import refusal, refusal_cases

__all__ = ["langchain_cases"]


def langchain_cases(names: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return the cases."""
    asked = names["asked"]

    def openai(model: str, key: str = names["key"], **more: Any) -> ChatOpenAI:
        return ChatOpenAI(model=model, base_url=f"{names['base_url']}/v1", api_key=key, max_retries=0, **more)

    def anthropic(model: str, key: str = names["key"]) -> ChatAnthropic:
        return ChatAnthropic(model=model, base_url=names["base_url"], api_key=key, max_retries=0, max_tokens=500)

    families: dict[str, Callable[..., Any]] = {
        "openai": openai,
        "anthropic": anthropic,
        "responses": partial(openai, use_responses_api=True),
    }
    cases: dict[str, Callable[[], Any]] = {"embeddings": partial(_embeddings, names)}
    for family, chat in families.items():
        for model in ("gpt-4o-mini", "claude-haiku-4-5"):
            cases |= {
                f"{family}: chat {model}": partial(_chat, chat(model), asked),
                f"{family}: stream {model}": partial(_stream, chat(model), asked["say_greeting"]),
                f"{family}: tools {model}": partial(_tools, chat(model), asked),
                f"{family}: structured {model}": partial(_structured, chat(model)),
            }
        for model in ("gpt-4o", "claude-sonnet-4-5"):
            cases[f"{family}: image {model}"] = partial(_image, chat(model), asked)
        broken = chat(names["breaking_claude" if family == "anthropic" else "breaking"])
        cases[f"{family}: broken stream"] = partial(_broken, broken, asked["say_much"])
        refused = refusal_cases(names, partial(_ask, chat))
        cases |= {f"{family}: {case}": act for case, act in refused.items()}
    return {f"langchain {name}": act for name, act in cases.items()}


def _ask(chat: Callable[..., Any], model: str, key: str) -> Any:
    return chat(model, key).invoke("Hello")


def _text(message: Any) -> str:
    return str(message.text)


def _chat(chat: Any, asked: dict[str, Any]) -> Any:
    answer = chat.invoke(asked["say_greeting"])
    return {"said": _text(answer), "usage": answer.usage_metadata}


def _stream(chat: Any, prompt: str) -> Any:
    return {"texts": [text for text in map(_text, chat.stream(prompt)) if text]}


def _tools(chat: Any, asked: dict[str, Any]) -> Any:
    tool = {"name": "tell_weather", "description": asked["weather_text"], "parameters": asked["weather"]}
    bound = chat.bind_tools([{"type": "function", "function": tool}])
    question = HumanMessage(asked["ask_weather"])
    answer = bound.invoke([question])
    results = [ToolMessage(asked["reported"], tool_call_id=call["id"]) for call in answer.tool_calls]
    told = bound.invoke([question, answer, *results])
    return {"cities": [call["args"]["city"] for call in answer.tool_calls], "said": _text(told)}


def _structured(chat: Any) -> Any:
    person = chat.with_structured_output(Person).invoke("Invent a person.")
    return {"class": type(person).__name__, **person.model_dump()}


def _image(chat: Any, asked: dict[str, Any]) -> Any:
    image = {"type": "image", "base64": asked["pixel"], "mime_type": "image/png"}
    return {"said": _text(chat.invoke([HumanMessage([{"type": "text", "text": asked["look"]}, image])]))}


def _broken(chat: Any, prompt: str) -> Any:
    came: list[str] = []
    told = refusal(lambda: came.extend(map(_text, chat.stream(prompt))))
    return {**told, "came": "".join(came)}


def _embeddings(names: dict[str, Any]) -> Any:
    made = OpenAIEmbeddings(
        model="text-embedding-3-small", base_url=f"{names['base_url']}/v1", api_key=names["key"],
        check_embedding_ctx_length=False)  # fmt: skip
    return {"lengths": [len(each) for each in made.embed_documents(["a lighthouse", "a ship"])]}
