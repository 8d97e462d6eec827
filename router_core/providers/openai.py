"""The OpenAI adapter. Importing this module loads the SDK; the registry does so off the event loop."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import openai

from router_core.providers.embeddings_answer import read_embeddings
from router_core.providers.failures import SdkErrors
from router_core.providers.openai_answer import OpenAIStream, read_answer
from router_core.providers.openai_wire import CHAT_PATH, limit_name, request_body
from router_core.providers.relay import StreamReader, embeddings_body, native_of, openai_body, responses_body
from router_core.providers.responses_answer import ResponseStream, read_response
from router_core.providers.sdk_adapter import SdkAdapter
from router_core.providers.templates import templated
from router_core.types import LLMRequest, NativeProtocol, ProviderAnswer, ProviderCall, RelayedRequest

__all__ = ["DEFAULT_BASE_URL", "OpenAIAdapter"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"


class _Dialect(NamedTuple):
    """One of the vendor's protocols: its path, and how its answers are read."""

    path: str
    answer: Callable[[bytes, LLMRequest], ProviderAnswer]
    reader: Callable[[LLMRequest], StreamReader]


_CHAT = _Dialect(CHAT_PATH, read_answer, OpenAIStream)
_DIALECTS: Mapping[NativeProtocol, _Dialect] = MappingProxyType(
    {
        "openai-responses": _Dialect("/responses", read_response, ResponseStream),
        # Embeddings come whole; nobody asks for a stream of them.
        "openai-embeddings": _Dialect("/embeddings", read_embeddings, OpenAIStream),
    }
)


class OpenAIAdapter(SdkAdapter):
    """Speaks chat completions through ``openai.AsyncOpenAI``, and whatever else of OpenAI's a request came in.

    A base URL includes the version, as the SDK wants it.
    """

    path = CHAT_PATH
    protocols: ClassVar[frozenset[NativeProtocol]] = frozenset({"openai-chat", *_DIALECTS})
    sdk = SdkErrors(openai.APIStatusError, openai.APIConnectionError)
    client_class = templated(openai.AsyncOpenAI)

    def _new_client(self, base_url: str, key: str) -> Any:
        client = self.client_class(api_key=key, base_url=base_url, max_retries=0, http_client=self._http_client)
        # The SDK fills these from the environment, which is not its business here.
        client.organization = None
        client.project = None
        return client

    def _options(self, call: ProviderCall) -> dict[str, Any]:
        return {**super()._options(call), "security": {"bearer_auth": True}}

    def _path(self, request: LLMRequest) -> str:
        return _dialect(request).path

    def _body(self, call: ProviderCall, *, stream: bool) -> bytes:
        native = native_of(call, self.protocols)
        if native is None:
            return request_body(call, stream=stream)
        if native.protocol == "openai-responses":
            return responses_body(call, native, stream=stream)
        if native.protocol == "openai-embeddings":
            return embeddings_body(call, native)
        return openai_body(call, native, limit_name(call.provider.model), stream=stream)

    def _count_body(self, call: ProviderCall) -> bytes | None:
        """Return None: the vendor counts nothing."""

    def _answer(self, body: bytes, request: LLMRequest) -> ProviderAnswer:
        return _dialect(request).answer(body, request)

    def _reader(self, request: LLMRequest) -> StreamReader:
        return _dialect(request).reader(request)


def _dialect(request: LLMRequest) -> _Dialect:
    return _DIALECTS.get(request.native.protocol, _CHAT) if isinstance(request, RelayedRequest) else _CHAT
