"""A request as its client wrote it, in a vendor's own protocol, beside what it says in our terms."""

from typing import Literal

from msgspec import Raw, Struct

from router_core.types.request import LLMRequest

__all__ = [
    "NativeEvents",
    "NativeProtocol",
    "NativeRequest",
    "ReasoningEffort",
    "RelayedRequest",
    "ServiceTier",
    "TunedRequest",
    "embeds",
]

NativeProtocol = Literal["openai-chat", "openai-responses", "openai-embeddings", "anthropic-messages"]
ServiceTier = Literal["", "priority", "flex"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class NativeRequest(Struct, frozen=True, kw_only=True):
    """What the client sent, to be passed on to providers that speak ``protocol``.

    ``fields`` are the members of the body, each as JSON, without those that the adapter sets: the model, the limit of
    tokens and what concerns streaming. ``needs`` names the fields that only this protocol can say, ``betas`` the
    vendor's features that the client switched on. ``choices`` is how many answers are asked for at once, and
    ``unseen_tokens`` an upper estimate of what the model reads beside what the request says in our terms.
    Where it ``caches``, what is read may be written to the vendor's cache, which costs more than to read it.
    ``tier`` is the tier of service that it asks for, empty for the standard one; others have prices of their own.
    ``verbatim`` says that only the vendor's own bytes are a whole answer: a kept one is served in no other form.
    """

    protocol: NativeProtocol
    fields: dict[str, Raw]
    needs: tuple[str, ...] = ()
    betas: tuple[str, ...] = ()
    choices: int = 1
    unseen_tokens: int = 0
    caches: bool = False
    tier: ServiceTier = ""
    verbatim: bool = False


class TunedRequest(LLMRequest, frozen=True, kw_only=True):
    """A request with what several vendors know and ``/api/llm`` does not offer.

    ``stop`` are texts that end the answer; without ``parallel_tools`` a model calls one tool at a time. ``effort`` is
    how hard a model that reasons is to do so, None for as hard as it likes; another model does not hear of it.
    """

    stop: tuple[str, ...] = ()
    top_p: float | None = None
    parallel_tools: bool = True
    effort: ReasoningEffort | None = None


class RelayedRequest(TunedRequest, frozen=True, kw_only=True):
    """A request that came in a vendor's protocol; its other fields say the same in our terms, as far as they can."""

    native: NativeRequest

    def translated(self) -> TunedRequest:
        """Return the request in our terms alone."""
        fields = {name: getattr(self, name) for name in TunedRequest.__struct_fields__}
        return TunedRequest(**fields)


def embeds(request: LLMRequest) -> bool:
    """Say whether ``request`` asks for embeddings: no model writes anything, and any upstream will do."""
    return isinstance(request, RelayedRequest) and request.native.protocol == "openai-embeddings"


class NativeEvents(Struct, frozen=True):
    """The payloads of a stream's events as the vendor sent them; the next ``parts`` parts are what they amount to."""

    payloads: tuple[bytes, ...]
    parts: int = 0
