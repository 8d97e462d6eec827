"""Spares each call the SDK's request building: the SDK builds one request for an endpoint, then only bodies differ, and
headers that a call brings along itself.

This leans on private names of the SDKs, the three hooks below. Where an SDK does not have them in the shape known here,
:func:`templated` hands the SDK's own class back and every call takes the public way, which costs more but works.
"""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from router_core.providers.transport import FastRequest

__all__ = ["templated"]

_Client = TypeVar("_Client")
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_HOOKS = {
    "_build_request": ["self", "options", "retries_taken"],
    "_prepare_options": ["self", "options"],
    "_prepare_request": ["self", "request"],
}


class _TemplatedRequests:
    """Goes in front of an SDK client class and answers its request building from templates."""

    # By path: a request, and the options of the call that it was built for.
    _templates: dict[str, tuple[FastRequest, Any]] | None = None

    async def post(self, path: str, *, cast_to: Any, content: bytes, options: dict[str, Any], stream: bool) -> Any:
        """Send as the SDK's ``post`` does, with its first call's options: validating new ones costs more."""
        template = self._template(path)
        if template is None:
            return await super().post(  # type: ignore[misc]
                path, cast_to=cast_to, content=content, options=options, stream=stream
            )
        known = template[1]
        # The SDK copies its options before it first waits, so one object can serve every call. An idempotency key
        # would be made for each and never sent: the template's headers are.
        known.__dict__.update({"headers": NO_HEADERS} | options, content=content, idempotency_key="")
        return await self.request(cast_to, known, stream=stream)  # type: ignore[attr-defined]

    async def _prepare_options(self, options: Any) -> Any:
        if self._template(options.url) is not None:
            return options
        return await super()._prepare_options(options)  # type: ignore[misc]

    async def _prepare_request(self, request: Any) -> None:
        if not self._templates:
            await super()._prepare_request(request)  # type: ignore[misc]

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> Any:
        template = self._template(options.url)
        if template is None:
            bare = options.model_copy(update={"headers": NO_HEADERS})
            request = super()._build_request(bare, retries_taken=retries_taken)  # type: ignore[misc]
            template = (request, bare)
            self._templates = {**(self._templates or {}), options.url: template}
        return template[0].with_body(options.content, options.timeout, options.headers)

    def _template(self, path: str) -> tuple[FastRequest, Any] | None:
        return None if self._templates is None else self._templates.get(path)


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
