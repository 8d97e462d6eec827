"""Spares each call the SDK's request building: the SDK builds one request for an endpoint, then only bodies differ.

This leans on private names of the SDKs, the three hooks below. Where an SDK does not have them in the shape known here,
:func:`templated` hands the SDK's own class back and every call takes the public way, which costs more but works.
"""

import inspect
from typing import Any, TypeVar

from router_core.providers.transport import FastRequest

__all__ = ["templated"]

_Client = TypeVar("_Client")
_HOOKS = {
    "_build_request": ["self", "options", "retries_taken"],
    "_prepare_options": ["self", "options"],
    "_prepare_request": ["self", "request"],
}


class _TemplatedRequests:
    """Goes in front of an SDK client class and answers its request building from templates."""

    _template: tuple[str, FastRequest] | None = None
    _options: Any = None

    async def post(self, path: str, *, cast_to: Any, content: bytes, options: dict[str, Any], stream: bool) -> Any:
        """Send as the SDK's ``post`` does, with its first call's options: validating new ones costs more."""
        known = self._options
        if known is None or known.url != path:
            return await super().post(  # type: ignore[misc]
                path, cast_to=cast_to, content=content, options=options, stream=stream
            )
        # The SDK copies its options before it first waits, so one object can serve every call. An idempotency key
        # would be made for each and never sent: the template's headers are.
        known.__dict__.update(options, content=content, idempotency_key="")
        return await self.request(cast_to, known, stream=stream)  # type: ignore[attr-defined]

    async def _prepare_options(self, options: Any) -> Any:
        if self._template is not None and self._template[0] == options.url:
            return options
        return await super()._prepare_options(options)  # type: ignore[misc]

    async def _prepare_request(self, request: Any) -> None:
        if self._template is None:
            await super()._prepare_request(request)  # type: ignore[misc]

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> Any:
        if self._template is not None and self._template[0] == options.url:
            return self._template[1].with_body(options.content, options.timeout)
        request = super()._build_request(options, retries_taken=retries_taken)  # type: ignore[misc]
        self._template = (options.url, request)
        self._options = options.model_copy()
        return request


class _ShortSending:
    """Skips the steps between preparing and sending that only serve credentials other than plain keys."""

    custom_auth = None

    async def _send_request(self, request: Any, *, stream: bool, **_arguments: Any) -> Any:
        return await self._client.send(request, stream=stream)  # type: ignore[attr-defined]


def templated(client_class: type[_Client]) -> type[_Client]:
    """Return ``client_class`` with request templates, or itself when a hook is not the one known here."""
    for name, parameters in _HOOKS.items():
        hook = getattr(client_class, name, None)
        if hook is None or list(inspect.signature(hook).parameters) != parameters:
            return client_class
    # Not every SDK has steps of its own between the two.
    shortcuts = (_ShortSending,) if hasattr(client_class, "_send_request") else ()
    # The SDKs send their class name as user agent, so it stays the same.
    return type(client_class.__name__, (*shortcuts, _TemplatedRequests, client_class), {})
