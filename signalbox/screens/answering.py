"""The API's end of the calls: reads arguments, has the backend act, and writes its answer."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from importlib import metadata
from types import MappingProxyType
from typing import Any, Final

from router_core.api.deps import ConsoleGreeting
from router_core.errors import LLMError, ValidationError
from router_core.security.permissions import PERMISSIONS
from router_core.types import Principal
from signalbox.screens.backend import ConsoleBackend
from signalbox.screens.calls import CALLS, STREAMS
from signalbox.screens.failures import TravellingError, packed
from signalbox.screens.wire import PERSON, WireFault, table_digest, wire_calls

__all__ = ["ConsoleAnswers", "own_greeting"]

_PERMISSION_OF: Final[Mapping[str, str]] = MappingProxyType({**CALLS, **STREAMS})


def own_greeting() -> ConsoleGreeting:
    """Return the version of this Signalbox and the digest of its calls."""
    return ConsoleGreeting(version=metadata.version("signalbox"), digest=table_digest())


class ConsoleAnswers:
    """What the API's paths for consoles work with; see :class:`router_core.api.deps.ConsoleCalls`.

    Raises ``ValueError`` when a call's permission is not declared.
    """

    def __init__(self, backend: ConsoleBackend, permissions: Mapping[str, str] = _PERMISSION_OF) -> None:
        for name, permission in permissions.items():
            if permission not in PERMISSIONS:
                raise ValueError(f"{name}: permission {permission!r} is not declared")
        self._backend = backend
        self._greeting: ConsoleGreeting | None = None

    def greeting(self) -> ConsoleGreeting:
        """Return which console fits; made at the first question, since it takes a tenth of a second."""
        if self._greeting is None:
            self._greeting = own_greeting()
        return self._greeting

    def permission(self, name: str, *, is_stream: bool) -> str | None:
        """Return the permission that the call ``name`` needs, None when there is no such call."""
        found = wire_calls().get(name)
        return found.permission if found is not None and found.is_stream == is_stream else None

    def read(self, name: str, body: bytes) -> dict[str, Any]:
        """Return the arguments in ``body``. Raises :class:`ValidationError`."""
        try:
            return wire_calls()[name].decode_arguments(body)
        except WireFault as fault:
            raise ValidationError(str(fault)) from None

    async def answer(self, name: str, arguments: dict[str, Any], person: Principal) -> bytes:
        """Make the call. Raises what it raises."""
        found = await self._called(name, arguments, person)
        return wire_calls()[name].encode_answer(found)

    async def stream(self, name: str, arguments: dict[str, Any], person: Principal) -> AsyncGenerator[bytes, None]:
        """Make a call that answers in parts; closing this ends it. Raises what it raises."""
        encode = wire_calls()[name].encode_answer
        async with aclosing(self._called(name, arguments, person)) as parts:
            async for part in parts:
                yield encode(part)

    def failure(self, error: LLMError) -> TravellingError:
        """Return ``error`` for the other end to raise."""
        return packed(error)

    def _called(self, name: str, arguments: dict[str, Any], person: Principal) -> Any:
        desk, _, method = name.rpartition(".")
        owner = getattr(self._backend, desk) if desk else self._backend
        who = {PERSON: person} if wire_calls()[name].wants(PERSON) else {}
        return getattr(owner, method)(**arguments, **who)
