"""The Anthropic adapter. Importing this module loads the SDK; the registry does so off the event loop."""

from typing import Any, ClassVar

import anthropic

from router_core.providers.anthropic_answer import AnthropicStream, read_answer
from router_core.providers.anthropic_wire import COUNT_PATH, MESSAGES_PATH, request_body
from router_core.providers.failures import SdkErrors
from router_core.providers.relay import StreamReader, anthropic_body, anthropic_count_body, native_of
from router_core.providers.sdk_adapter import SdkAdapter
from router_core.providers.templates import templated
from router_core.types import LLMRequest, NativeProtocol, ProviderAnswer, ProviderCall

__all__ = ["API_VERSION", "DEFAULT_BASE_URL", "AnthropicAdapter", "shaped_schema"]

DEFAULT_BASE_URL = "https://api.anthropic.com"
# The SDK's own default, 2026-10-21, refuses every request that has a temperature, whatever the model.
API_VERSION = "2023-06-01"


class AnthropicAdapter(SdkAdapter):
    """Speaks the Messages API through ``anthropic.AsyncAnthropic``; a base URL goes without the version."""

    path = MESSAGES_PATH
    count_path = COUNT_PATH
    protocols: ClassVar[frozenset[NativeProtocol]] = frozenset({"anthropic-messages"})
    sdk = SdkErrors(anthropic.APIStatusError, anthropic.APIConnectionError)
    client_class = templated(anthropic.AsyncAnthropic)

    def _new_client(self, base_url: str, key: str) -> Any:
        return self.client_class(
            api_key=key,
            base_url=base_url,
            max_retries=0,
            http_client=self._http_client,
            default_headers={"anthropic-version": API_VERSION},
            open_telemetry=False,
        )

    def _options(self, call: ProviderCall) -> dict[str, Any]:
        options, native = super()._options(call), native_of(call, self.protocols)
        if native is None or not native.betas:
            return options
        return {**options, "headers": {"anthropic-beta": ",".join(native.betas)}}

    def _body(self, call: ProviderCall, *, stream: bool) -> bytes:
        native = native_of(call, self.protocols)
        if native is None:
            return request_body(call, shaped_schema, stream=stream)
        return anthropic_body(call, native, stream=stream)

    def _count_body(self, call: ProviderCall) -> bytes | None:
        native = native_of(call, self.protocols)
        return None if native is None else anthropic_count_body(call, native)

    def _answer(self, body: bytes, request: LLMRequest) -> ProviderAnswer:
        return read_answer(body, request)

    def _reader(self, request: LLMRequest) -> StreamReader:
        return AnthropicStream(request)


def shaped_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return ``schema`` in the vendor's dialect; as it is where the SDK cannot translate it."""
    try:
        return anthropic.transform_schema(schema)
    except (ValueError, TypeError, AttributeError, AssertionError):
        return schema
