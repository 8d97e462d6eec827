"""``POST /v1/chat/completions``."""

from typing import Final

from router_core.api.call import Call
from router_core.api.compatible.serving import Dialect, serve
from router_core.api.openai_compatible.answer import write_completion
from router_core.api.openai_compatible.request import parse_chat
from router_core.api.openai_compatible.stream import ChatStream

__all__ = ["answer_chat"]

_CHAT: Final = Dialect(parse_chat, write_completion, ChatStream)


async def answer_chat(call: Call) -> None:
    """Answer a chat completion request."""
    await serve(call, _CHAT)
