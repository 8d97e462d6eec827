"""Spares each call the SDK's request building: the SDK builds one request for an endpoint, then only bodies differ.

This leans on one private name of the SDKs, ``_build_request``. Where an SDK does not have it in the shape known here,
:func:`templated` hands the SDK's own class back and every call takes the public way, which costs more but works.
"""

import inspect
from typing import Any, TypeVar

from router_core.providers.transport import FastRequest

__all__ = ["templated"]

_Client = TypeVar("_Client")
_HOOK = "_build_request"
_KNOWN_PARAMETERS = ["self", "options", "retries_taken"]


class _TemplatedRequests:
    """Goes in front of an SDK client class and answers its request building from a template."""

    _template: tuple[str, FastRequest] | None = None

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> Any:
        if self._template is not None and self._template[0] == options.url:
            return self._template[1].with_body(options.content, options.timeout)
        request = super()._build_request(options, retries_taken=retries_taken)  # type: ignore[misc]
        self._template = (options.url, request)
        return request


def templated(client_class: type[_Client]) -> type[_Client]:
    """Return ``client_class`` with request templates, or itself when its hook is not the one known here."""
    hook = getattr(client_class, _HOOK, None)
    if hook is None or list(inspect.signature(hook).parameters) != _KNOWN_PARAMETERS:
        return client_class
    # The SDKs send their class name as user agent, so it stays the same.
    return type(client_class.__name__, (_TemplatedRequests, client_class), {})
