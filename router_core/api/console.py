"""``/api/console``: what a console elsewhere asks for, in the name of the person whose session the call carries.

The paths are the same for every call; which calls there are, their types and permissions is the console's own list,
behind :class:`ConsoleCalls`. It serves consoles of the same version and is no interface for other programs.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from msgspec import Struct

from router_core.api.auth import require_on_record, session_token
from router_core.api.body import check_json, read_body, require_json
from router_core.api.call import Call
from router_core.api.documents import read_document
from router_core.api.encoding import encode_json
from router_core.api.errors import Header, error_facts
from router_core.api.watch import cancelled_when_gone
from router_core.errors import ForbiddenError, InternalError, LLMError, NotFoundError, Rejected, UnauthorizedError

__all__ = ["VersionMismatchError", "Visit", "answer_call", "greet_console", "note_visit", "stream_call"]

DIGEST_HEADER: Final = b"x-signalbox-console"
PERSON_HEADER: Final = b"x-signalbox-person"
HEARTBEAT_S: Final = 5.0
_LINES: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/x-ndjson"),
    (b"x-accel-buffering", b"no"),
)


class Visit(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks whose session it is; ``touch`` says that the person acted, which keeps the session from falling idle."""

    touch: bool


class VersionMismatchError(Rejected):
    """The console that calls is of another version than this API."""

    code = "VERSION_MISMATCH"
    status_code = 409


async def greet_console(call: Call) -> None:
    """Answer with what a console must know before anybody signs in."""
    await call.answer(call.deps.console.greeting())


async def note_visit(call: Call) -> None:
    """Answer with whose session it is."""
    _require_person(call)
    _require_version(call)
    visit: Visit = await read_document(call, Visit)
    token = session_token(call.headers.get(b"cookie", b""))
    person = None if token is None else await call.deps.sessions.check(token, touch=visit.touch)
    if person is None:
        raise UnauthorizedError("The session has ended")
    await call.answer_bytes(encode_json(person), 200, _stamp(call))


async def answer_call(call: Call) -> None:
    """Answer one call of the list, or say what it raised: class, message and facts."""
    try:
        name, arguments = await _admitted(call, is_stream=False)
        with cancelled_when_gone(call.receive):
            body = await call.deps.console.answer(name, arguments, call.principal)
    except LLMError as error:
        await _tell(call, error)
        return
    await call.answer_bytes(body, 200, _stamp(call))


async def stream_call(call: Call) -> None:
    """Answer one call in parts, a line each; a client that leaves ends it, and what it does upstream.

    An empty line says that nothing has come for a while, an object that it failed, and ``null`` that it is complete.
    """
    try:
        name, arguments = await _admitted(call, is_stream=True)
        with cancelled_when_gone(call.receive):
            async with aclosing(call.deps.console.stream(name, arguments, call.principal)) as parts:
                await _send_lines(call, parts)
    except LLMError as error:
        if not call.started:
            await _tell(call, error)
            return
        await call.write(encode_json(_failure(call, error)) + b"\n", last=True)


async def _send_lines(call: Call, parts: AsyncGenerator[bytes, None]) -> None:
    coming = asyncio.ensure_future(anext(parts, None))
    try:
        while True:
            done, _ = await asyncio.wait((coming,), timeout=HEARTBEAT_S)
            part = coming.result() if done else b""
            if not call.started:
                await call.start(200, (*_LINES, *_stamp(call)))
            if part is None:
                break
            await call.write(part + b"\n")
            if done:
                coming = asyncio.ensure_future(anext(parts, None))
    finally:
        coming.cancel()
        await asyncio.wait((coming,))
    await call.write(b"null\n", last=True)


async def _admitted(call: Call, *, is_stream: bool) -> tuple[str, Any]:
    """Return which call it is and its arguments, once it is clear that this person may make it."""
    _require_person(call)
    _require_version(call)
    console, name = call.deps.console, call.parameter("call")
    permission = console.permission(name, is_stream=is_stream)
    if permission is None:
        raise NotFoundError("There is no such call")
    await require_on_record(call, call.principal, permission, name)
    require_json(call.headers)
    limits = call.deps.limits
    body = await read_body(call.receive, call.headers, limits)
    if len(body) <= limits.inline_parse:
        return name, _read(call, name, body)
    return name, await asyncio.to_thread(_read, call, name, body)


def _read(call: Call, name: str, body: bytes) -> Any:
    check_json(body)
    return call.deps.console.read(name, body)


def _require_person(call: Call) -> None:
    """Keys have the operators' paths; a call without a person would have nobody to be written down for."""
    if call.principal.kind != "person":
        raise ForbiddenError("Only a signed-in person may use the console's calls")


def _require_version(call: Call) -> None:
    given, own = call.headers.get(DIGEST_HEADER), call.deps.console.greeting()
    if given is not None and given != own.digest.encode():
        raise VersionMismatchError(f"This API is Signalbox {own.version}; run the console of the same version")


async def _tell(call: Call, error: LLMError) -> None:
    await call.answer_bytes(encode_json(_failure(call, error)), error.status_code, _stamp(call))


def _failure(call: Call, error: LLMError) -> dict[str, Any]:
    """Return the usual shape of an error, and the error itself for the console to raise.

    Operators see what is wrong between us and a provider, which callers of the API do not.
    """
    shown = InternalError() if error.code == InternalError.code else error
    return {"error": {**error_facts(shown, call.request_id), "raised": call.deps.console.failure(shown)}}


def _stamp(call: Call) -> tuple[Header, ...]:
    """Return the headers that tell a console whether it fits, and whether the person is still who they were."""
    person = hashlib.sha256(encode_json(call.principal)).hexdigest()[:16].encode()
    return ((DIGEST_HEADER, call.deps.console.greeting().digest.encode()), (PERSON_HEADER, person))
