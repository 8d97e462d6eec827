"""Every path that answers prompts, and how it is asked: what holds for one of them holds for all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["PROMPT_ROUTES", "PromptRoute"]


@dataclass(frozen=True)
class PromptRoute:
    """A path; ``body`` makes a request of a prompt and a model.

    ``cached`` are the fields and headers by which equal requests share an answer.
    """

    path: str
    body: Callable[[str, str], dict[str, Any]]
    cached: tuple[dict[str, Any], dict[str, str]]

    def asked(self, prompt: str, model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
        """Return a request's body, with ``more`` in it."""
        return {**self.body(prompt, model), **more}


def _own(prompt: str, model: str) -> dict[str, Any]:
    return {"prompt": prompt, "modelOverride": model}


def _chat(prompt: str, model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}]}


def _messages(prompt: str, model: str) -> dict[str, Any]:
    return {"model": model, "max_tokens": 8192, "messages": [{"role": "user", "content": prompt}]}


def _responses(prompt: str, model: str) -> dict[str, Any]:
    return {"model": model, "input": prompt}


_KEPT: Final = {"x-signalbox-cache": "60"}

PROMPT_ROUTES: Final = (
    PromptRoute("/api/llm", _own, ({"cache": {"ttlSeconds": 60}}, {})),
    PromptRoute("/v1/chat/completions", _chat, ({}, _KEPT)),
    PromptRoute("/v1/messages", _messages, ({}, _KEPT)),
    PromptRoute("/v1/responses", _responses, ({}, _KEPT)),
)
