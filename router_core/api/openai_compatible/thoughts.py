"""Carries thoughts of a vendor that seals them in another way as the encrypted content of a reasoning item."""

from typing import Final

import msgspec

from router_core.types import ReasoningPart

__all__ = ["opened_thought", "sealed_thought"]

# Nothing that OpenAI encrypts begins so.
_MARK: Final = "signalbox."
_SEAL: Final = msgspec.json.Decoder(tuple[str, str])


def sealed_thought(thought: ReasoningPart) -> str | None:
    """Return the encrypted content that stands for the seal of ``thought``, None for one without a seal."""
    if not (thought.signature or thought.data):
        return None
    return _MARK + msgspec.json.encode((thought.signature, thought.data)).decode()


def opened_thought(content: str, text: str) -> ReasoningPart | None:
    """Return the thought ``text`` with the seal in ``content``, None for a seal that is not from here."""
    if not content.startswith(_MARK):
        return None
    try:
        signature, data = _SEAL.decode(content.removeprefix(_MARK))
    except msgspec.DecodeError:
        return None
    return ReasoningPart(text=text, signature=signature, data=data)
