"""How calls travel: JSON, with the types that the backends' own signatures name; nothing is typed a second time."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from router_core.types import Secret
from signalbox.screens.calls import CALLS, DESKS, STREAMS, VISIT

__all__ = ["WireCall", "WireFault", "table_digest", "wire_calls"]

PERSON: Final = "person"


def _plain(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value.key
    raise TypeError(f"{type(value).__name__} does not travel")


def _told(value: Any) -> Any:
    """Secrets go to the API with what a person enters; nothing that comes back has one."""
    return value.reveal() if isinstance(value, Secret) else _plain(value)


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)
_TELLER: Final = msgspec.json.Encoder(enc_hook=_told)
_PART: Final = msgspec.json.Decoder(tuple[str, msgspec.Raw])


class WireFault(ValueError):
    """What came is not what the call takes or gives; the message names the place and quotes nothing."""


class WireCall:
    """One call: its name, the permission it needs, and both ways of its arguments and its answer.

    Who calls is no argument: ``person`` is left out here and put in by whoever checked the session.
    """

    __slots__ = ("_answer", "_arguments", "_kinds", "_signature", "is_stream", "name", "permission", "shape")

    def __init__(self, name: str, permission: str, function: Any, *, is_stream: bool) -> None:
        hints = get_type_hints(function)
        answer = hints.pop("return")
        found = inspect.signature(function)
        taken = [each for each in found.parameters.values() if each.name not in ("self", PERSON)]
        fields: list[Any] = [
            (each.name, hints[each.name]) + (() if each.default is each.empty else (each.default,)) for each in taken
        ]
        arguments: Any = msgspec.defstruct(name, fields, kw_only=True, frozen=True, forbid_unknown_fields=True)
        self.name, self.permission, self.is_stream = name, permission, is_stream
        self._signature = found.replace(parameters=[each for each in found.parameters.values() if each.name != "self"])
        self._arguments = msgspec.json.Decoder(arguments, dec_hook=_rebuilt)
        self._kinds: Mapping[str, Any] = {each.__name__: each for each in _parts(answer)} if is_stream else {}
        self._answer = None if is_stream else msgspec.json.Decoder(answer, dec_hook=_rebuilt)
        self.shape: tuple[Any, ...] = (arguments, *(self._kinds.values() if is_stream else (answer,)))

    def encode_arguments(self, *args: Any, **named: Any) -> bytes:
        """Return a call's arguments as they travel, without the person. Raises ``TypeError`` as the call itself."""
        bound = self._signature.bind(*args, **named).arguments
        return _TELLER.encode({name: value for name, value in bound.items() if name != PERSON})

    def decode_arguments(self, body: bytes) -> dict[str, Any]:
        """Return the arguments in ``body``. Raises :class:`WireFault`."""
        found = _decoded(self._arguments, body)
        _require_zones(found)
        return {name: getattr(found, name) for name in found.__struct_fields__}

    def encode_answer(self, answer: Any) -> bytes:
        """Return an answer as it travels; of a stream, one part."""
        return _ENCODER.encode([type(answer).__name__, answer] if self.is_stream else answer)

    def decode_answer(self, body: bytes) -> Any:
        """Return the answer in ``body``; of a stream, one part. Raises :class:`WireFault`."""
        if self._answer is not None:
            return _decoded(self._answer, body)
        kind, part = _decoded(_PART, body)
        if kind not in self._kinds:
            raise WireFault("a part of an unknown kind")
        return _decoded(msgspec.json.Decoder(self._kinds[kind], dec_hook=_rebuilt), bytes(part))

    def wants(self, name: str) -> bool:
        """Say whether the call takes an argument ``name``."""
        return name in self._signature.parameters


@cache
def wire_calls() -> Mapping[str, WireCall]:
    """Return every call of the list by its name."""
    made = [_call(name, permission, is_stream=False) for name, permission in CALLS.items()]
    made += [_call(name, permission, is_stream=True) for name, permission in STREAMS.items()]
    return {each.name: each for each in made}


@cache
def table_digest() -> str:
    """Return what both ends compare: it changes when a call, an argument or an answer does, not with words on them."""
    calls = sorted(wire_calls().values(), key=lambda each: each.name)
    types = [kind for each in calls for kind in each.shape]
    shapes, parts = msgspec.json.schema_components(types, schema_hook=lambda kind: {"title": kind.__name__})
    table = {"calls": [each.name for each in calls], "visit": VISIT, "shapes": list(shapes), "parts": parts}
    text = msgspec.json.encode(_without_words(table), order="deterministic")
    return hashlib.sha256(text).hexdigest()[:16]


def _call(name: str, permission: str, *, is_stream: bool) -> WireCall:
    desk, _, method = name.rpartition(".")
    return WireCall(name, permission, getattr(DESKS[desk], method), is_stream=is_stream)


def _parts(answer: Any) -> Sequence[Any]:
    """Return the kinds of parts that an async generator yields."""
    part = get_args(answer)[0]
    return get_args(part) or (part,)


def _decoded(decoder: Any, body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise WireFault(_place(str(error))) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise WireFault("not valid JSON") from None


def _place(text: str) -> str:
    """Return where something was wrong; the rest of what msgspec says may quote the input."""
    _, found, place = text.rpartition(" - at `$")
    return f"`{place.removeprefix('.').rstrip('`')}` is not what the call takes" if found else "not what the call takes"


def _rebuilt(kind: type, value: Any) -> Any:
    if kind is Secret:
        return Secret(str(value))
    if kind is not ZoneInfo:
        raise TypeError(f"{kind.__name__} does not travel")
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError("no time zone") from None


def _require_zones(value: Any) -> None:
    """Raise :class:`WireFault` for a moment without a time zone, which no comparison would survive."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise WireFault("a moment needs a time zone")
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            _require_zones(getattr(value, name))
    elif isinstance(value, list | tuple):
        for each in value:
            _require_zones(each)


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_words(each) for name, each in value.items() if name != "description"}
    return [_without_words(each) for each in value] if isinstance(value, list | tuple) else value
