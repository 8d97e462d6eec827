"""Runs instructor, and prints a report."""

from collections.abc import Callable
from functools import partial
from typing import Any

import anthropic
import instructor
import openai
from pydantic import BaseModel, field_validator

from tests.clients.people import Person
from tests.clients.python.running import page_cases, print_report, refusal, refusal_cases, told

INVENT = "Invent a person."
# In its mode JSON the schema is words of the prompt, which a simulated model does not understand.
SAY_PERSON = INVENT + ' [[sim:say={"name": "Ada", "age": 36}]]'


class Picky(BaseModel):
    """A person whose name no model gives by itself."""

    name: str

    @field_validator("name")
    @classmethod
    def is_rare(cls, value: str) -> str:
        """Refuse every name."""
        raise ValueError("that name is too common")


def instructor_cases(names: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return the cases."""

    def of_openai(key: str = names["key"], mode: Any = instructor.Mode.TOOLS) -> Any:
        return instructor.from_openai(_openai(names, key), mode=mode)

    def of_anthropic(key: str = names["key"], mode: Any = instructor.Mode.TOOLS) -> Any:
        client = anthropic.Anthropic(base_url=names["base_url"], api_key=key, max_retries=0)
        return instructor.from_anthropic(client, mode=mode)

    cases: dict[str, Callable[[], Any]] = {}
    for family, made in {"openai": of_openai, "anthropic": of_anthropic}.items():
        for model in ("gpt-4o-mini", "claude-haiku-4-5"):
            cases |= {
                f"{family}: tools {model}": partial(_create, made(), model),
                f"{family}: partial {model}": partial(_partial, made(), model),
            }
        cases |= {
            f"{family}: json": partial(_create, made(mode=instructor.Mode.JSON), "gpt-4o-mini", prompt=SAY_PERSON),
            f"{family}: asked again": partial(_ask_again, made()),
        }
        refused = refusal_cases(names, partial(_ask, made))
        cases |= {f"{family}: {case}": act for case, act in refused.items()}
    return {f"instructor {name}": act for name, act in cases.items()}


def _openai(names: dict[str, Any], key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{names['base_url']}/v1", api_key=key, max_retries=0)


def _create(client: Any, model: str, kind: type[BaseModel] = Person, prompt: str = INVENT, max_retries: int = 0) -> Any:
    question = [{"role": "user", "content": prompt}]
    made = client.create(
        model=model, messages=question, response_model=kind, max_tokens=500, max_retries=max_retries)  # fmt: skip
    return {"class": type(made).__name__, **made.model_dump()}


def _ask(made: Callable[..., Any], model: str, key: str) -> Any:
    return _create(made(key), model)


def _partial(client: Any, model: str) -> Any:
    question = [{"role": "user", "content": INVENT}]
    seen = list(client.create_partial(model=model, messages=question, response_model=Person, max_tokens=500))
    return {"seen": len(seen), **seen[-1].model_dump()}


def _ask_again(client: Any) -> Any:
    return refusal(lambda: _create(client, "gpt-4o-mini", Picky, max_retries=2))


if __name__ == "__main__":
    given = told()
    print_report(instructor_cases(given), page_cases(given))
