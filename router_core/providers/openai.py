"""The OpenAI adapter. Importing this module loads the SDK; the registry does so off the event loop."""

from typing import Any, ClassVar

import openai

from router_core.providers.failures import SdkErrors
from router_core.providers.openai_answer import OpenAIStream, read_answer
from router_core.providers.openai_wire import CHAT_PATH, limit_name, request_body
from router_core.providers.relay import StreamReader, native_of, openai_body
from router_core.providers.sdk_adapter import SdkAdapter
from router_core.providers.templates import templated
from router_core.types import LLMRequest, NativeProtocol, ProviderAnswer, ProviderCall

__all__ = ["DEFAULT_BASE_URL", "OpenAIAdapter"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"


class OpenAIAdapter(SdkAdapter):
    """Speaks chat completions through ``openai.AsyncOpenAI``; a base URL includes the version, as the SDK wants it."""

    path = CHAT_PATH
    protocols: ClassVar[frozenset[NativeProtocol]] = frozenset({"openai-chat"})
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

    def _body(self, call: ProviderCall, *, stream: bool) -> bytes:
        native = native_of(call, self.protocols)
        if native is None:
            return request_body(call, stream=stream)
        return openai_body(call, native, limit_name(call.provider.model), stream=stream)

    def _count_body(self, call: ProviderCall) -> bytes | None:
        """Return None: the vendor counts nothing."""

    def _answer(self, body: bytes, request: LLMRequest) -> ProviderAnswer:
        return read_answer(body, request)

    def _reader(self, request: LLMRequest) -> StreamReader:
        return OpenAIStream(request)
