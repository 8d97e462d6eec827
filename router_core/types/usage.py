"""Token usage in disjoint classes: no token is counted twice, whatever the provider's own convention."""

from msgspec import Struct

__all__ = ["Usage", "added"]


class Usage(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Tokens of one answer. The classes are disjoint and every one is a count >= 0.

    OpenAI counts cached tokens inside ``prompt_tokens`` and reasoning inside ``completion_tokens``; Anthropic
    counts cache reads and writes beside ``input_tokens``. Adapters translate both into these classes.
    ``image_tokens`` are what a provider counts apart of the images it read; where it does not, they are input tokens.
    ``estimated`` says that the provider gave no usable figures and we counted ourselves.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    image_tokens: int = 0
    estimated: bool = False

    @property
    def prompt_tokens(self) -> int:
        """Everything the model read."""
        return self.fresh_tokens + self.cache_read_tokens + self.cache_write_tokens + self.cache_write_1h_tokens

    @property
    def fresh_tokens(self) -> int:
        """What the model read outside any cache, images included."""
        return self.input_tokens + self.image_tokens

    @property
    def completion_tokens(self) -> int:
        """Everything the model wrote, reasoning included."""
        return self.output_tokens + self.reasoning_tokens

    @property
    def total_tokens(self) -> int:
        """Everything read and written."""
        return self.prompt_tokens + self.completion_tokens


def added(one: Usage, other: Usage) -> Usage:
    """Return what two calls used together; estimated when either is."""
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        cache_write_1h_tokens=one.cache_write_1h_tokens + other.cache_write_1h_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
        image_tokens=one.image_tokens + other.image_tokens,
        estimated=one.estimated or other.estimated,
    )
