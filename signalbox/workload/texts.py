"""Prompts of a wanted length, which ask the simulator for an answer of a wanted length."""

from typing import Final

__all__ = ["prompt_of"]

# What both vendors' tokenizers need for plain English, and what the simulator counts.
BYTES_PER_TOKEN: Final = 4
_PASSAGE: Final = (
    "The customer wrote that the delivery of order 4711 arrived two days late and that one of the parts was scratched. "
    "Our records show that the parcel left the warehouse on time and waited at the border for an inspection. "
    "She asks for a replacement of the scratched part and would like to know when it can be there. "
    "Stock in the nearest warehouse is low, but a second supplier can send the same part within three working days. "
)


def prompt_of(prompt_tokens: int, output_tokens: int) -> str:
    """Return a prompt of about ``prompt_tokens`` tokens whose simulated answer has ``output_tokens`` tokens."""
    wanted = max(prompt_tokens, 1) * BYTES_PER_TOKEN
    repeats = wanted // len(_PASSAGE) + 1
    # The simulator takes the directive off before it counts.
    return f"[[sim:output_tokens={max(output_tokens, 1)}]]" + (_PASSAGE * repeats)[:wanted]
