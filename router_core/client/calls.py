"""What both clients send, made of their settings, the request and the options of a call."""

import os
import ssl
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any, Final, Literal, TypedDict

import msgspec
from msgspec import Struct

from router_core.client.attempts import ClientRetryPolicy
from router_core.types import LLMRequest, Secret

__all__ = ["CallOptions", "ClientCall", "ClientSettings", "Key", "Request"]

LLM_PATH: Final = "/api/llm"
CONNECT_TIMEOUT_S: Final = 5.0
KEY_BYTES: Final = 24
DEFAULT_TIMEOUT_S: Final = 60.0
HEALTH_TIMEOUT_S: Final = 5.0

# A request as the library's own type, or as the JSON object of the HTTP interface.
Request = LLMRequest | Mapping[str, Any]
Key = str | Secret | None

# Answers with which the router says that the request, not the router, is at fault: no reason to go round it.
REFUSALS: Final = frozenset({400, 402, 403, 404, 405, 409, 413, 415, 422})
_OFF = frozenset({"false", "0", "no", "off"})


class CallOptions(TypedDict, total=False):
    """What one call may have otherwise than its client: ``timeout`` in seconds, ``retries``, and its two names.

    ``request_id`` names the call in the router's records, ``idempotency_key`` makes sure that the router does it once.
    """

    timeout: float
    retries: int
    request_id: str
    idempotency_key: str


class ClientCall(Struct, frozen=True, kw_only=True):
    """One call, ready to be sent as often as it takes; ``timeout`` is in seconds."""

    method: str
    path: str
    content: bytes
    headers: Mapping[str, str]
    timeout: float
    policy: ClientRetryPolicy


class ClientSettings:
    """What both clients know, from arguments first and the environment second.

    Raises ``ValueError`` without an address, unless ``USE_LLM_ROUTER`` says that none is used.
    """

    __slots__ = ("_policy", "enabled", "headers", "timeout", "url")

    def __init__(self, url: str | None, api_key: Key, timeout: float, policy: ClientRetryPolicy) -> None:
        self.enabled = os.environ.get("USE_LLM_ROUTER", "true").strip().lower() not in _OFF
        self.url = (url or os.environ.get("SIGNALBOX_URL", "")).rstrip("/")
        if self.enabled:
            self._require_address()
        key = api_key or os.environ.get("SIGNALBOX_API_KEY", "")
        plain = (key.reveal() if isinstance(key, Secret) else key).strip()
        self.headers = {"authorization": f"Bearer {plain}"} if plain else {}
        self.timeout = timeout
        self._policy = policy

    def trust(self) -> ssl.SSLContext | Literal[True]:
        """Return whom TLS trusts: whom it usually does; nobody for an address without TLS, where reading all
        certificates would be most of what a single call costs.
        """
        return True if self.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def prompt(self, request: Request, options: CallOptions, *, stream: bool) -> ClientCall:
        """Return the call for ``request``: it has one ``Idempotency-Key`` however often it is sent."""
        made = self._call("POST", LLM_PATH, _encoded(request, stream=stream), options)
        if "idempotency-key" in made.headers or not made.policy.retries:
            return made
        return msgspec.structs.replace(made, headers={**made.headers, "idempotency-key": token_urlsafe(KEY_BYTES)})

    def route(self, request: Request, options: CallOptions) -> ClientCall:
        """Return the call that asks where ``request`` would go."""
        return self._call("POST", f"{LLM_PATH}/route", _encoded(request, stream=False), options)

    def question(self, name: str, options: CallOptions) -> ClientCall:
        """Return the call that asks for ``name`` below the interface's own path."""
        return self._call("GET", f"{LLM_PATH}/{name}", b"", options)

    def _call(self, method: str, path: str, content: bytes, options: CallOptions) -> ClientCall:
        self._require_address()
        retries = options.get("retries", self._policy.retries)
        named = {"x-request-id": options.get("request_id"), "idempotency-key": options.get("idempotency_key")}
        kind = {"content-type": "application/json"} if content else {}
        return ClientCall(
            method=method,
            path=path,
            content=content,
            headers={**kind, **{name: value for name, value in named.items() if value}},
            timeout=options.get("timeout", self.timeout),
            policy=msgspec.structs.replace(self._policy, retries=retries),
        )

    def _require_address(self) -> None:
        if not self.url:
            raise ValueError("no router address: pass url or set SIGNALBOX_URL")


def _encoded(request: Request, *, stream: bool) -> bytes:
    document = msgspec.to_builtins(request) if isinstance(request, LLMRequest) else dict(request)
    return msgspec.json.encode({**document, "stream": stream, "streamProtocol": "ui"})
