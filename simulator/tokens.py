"""The token estimate: simple, documented and the same for both vendors.

Prompts cost one token per four characters plus a few per message; answers cost one token per piece, a piece being up to
eight letters with the blank before them, or one sign. Images cost a flat amount per vendor.
"""

import re
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
TOKENS_PER_MESSAGE: Final = 4
TOKENS_PER_PROMPT: Final = 3
TOKENS_PER_TOOL_PROMPT: Final = 24
OPENAI_IMAGE_TOKENS: Final = 765
OPENAI_LOW_DETAIL_TOKENS: Final = 85
ANTHROPIC_IMAGE_TOKENS: Final = 1_024

_PIECE: Final = re.compile(r"\s*\w{1,8}|\s*[^\w\s]|\s+")


def prompt_tokens(characters: int) -> int:
    """Return the tokens that so many characters of prompt cost."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def split_pieces(text: str) -> list[str]:
    """Cut a text into its tokens; joined again they give the text."""
    return _PIECE.findall(text)
