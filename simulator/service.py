"""Answers every request: control calls, replays, refusals, and the two vendors' protocols."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import msgspec

from simulator import anthropic_wire, openai_wire, responses_wire
from simulator.answers import compose
from simulator.anthropic_read import read_messages
from simulator.ask import Ask, tag_in
from simulator.call_log import CAPACITY, Call, CallLog
from simulator.embeddings import embedding_reply
from simulator.exchange import Exchange
from simulator.faults import Fault, FaultBook
from simulator.heads import HeadPress
from simulator.http_protocol import HttpLine, Request
from simulator.latency import DEFAULTS, NONE, LatencyBook
from simulator.models import EMBEDDING_SIZES, Vendor, dated_name
from simulator.openai_read import read_chat
from simulator.replay import ReplayOrder, ReplayShelf, UnknownRecordingError
from simulator.reply import JSON_TYPE, Reply, new_marks
from simulator.responses_read import read_response
from simulator.spoiling import endless, play, replaced, spoil
from simulator.vendor_errors import WireError, anthropic_error, openai_error

CONTROL_PREFIX: Final = "/__sim/"
REPLAY_HEADER: Final = b"x-sim-replay"
REPLAY_PREFIX: Final = "replay:"

_CACHED_BODY_BYTES: Final = 32_768
_CACHED_REPLIES: Final = 256
_NO_KEY: Final = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """How the simulator was started."""

    fast: bool = False
    seed: int = 0
    recordings: Path | None = None
    call_log: Path | None = None
    log_capacity: int = CAPACITY


class VendorService:
    """Both vendors behind one port, with the faults, latencies, recordings and call log the control calls work on."""

    def __init__(self, options: ServiceOptions) -> None:
        self.options = options
        self.faults = FaultBook(Random(options.seed))  # noqa: S311 - chance for tests, not for secrets
        latencies = {"*": NONE} if options.fast else DEFAULTS
        self.latencies = LatencyBook(latencies, Random(options.seed))  # noqa: S311 - as above
        self.calls = CallLog(options.call_log, options.log_capacity)
        self.shelf = ReplayShelf(options.recordings)
        self._press = HeadPress()
        self._marks = new_marks()
        self._id_mark = self._marks.id_bytes
        self._created_mark = b"%d" % self._marks.created
        self._run = uuid4().hex[:8].encode()
        self._cache: dict[tuple[str, bytes], Reply] = {}
        self._control: Callable[[Request], tuple[int, bytes]] | None = None

    def attach_control(self, control: Callable[[Request], tuple[int, bytes]]) -> None:
        """Let ``control`` answer the paths under ``/__sim/``."""
        self._control = control

    def connected(self, change: int) -> None:
        """Note a connection more or less."""
        self.calls.connections += change

    def handle(self, request: Request, line: HttpLine) -> Exchange | None:
        """Answer at once (None), or return the exchange that goes on answering."""
        self._press.tick()
        if request.path.startswith(CONTROL_PREFIX) and self._control is not None:
            status, body = self._control(request)
            reply = Reply(status, {"content-type": JSON_TYPE}, [body], [0])
            line.write(self._press.bare(reply, reply.headers) + body)
            return None
        vendor: Vendor = "anthropic" if _is_anthropic(request) else "openai"
        reply, recording = self._reply(request, vendor)
        self.calls.arrivals += 1
        call = self._call(request, vendor, reply, recording)
        number = b"%s%012d" % (self._run, self.calls.arrivals)
        fault = self.faults.pick(vendor, reply.model, reply.stream) if self.faults else None
        pace = (0.0, 0.0) if recording or reply.status != 200 else self.latencies.draw(reply.model)
        if fault is None and reply.marked and pace == (0.0, 0.0):
            self._send_at_once(line, vendor, reply, call, number)
            return None
        return self._exchange(line, vendor, reply, call, (fault, pace, number))

    def _send_at_once(self, line: HttpLine, vendor: Vendor, reply: Reply, call: Call, number: bytes) -> None:
        body = reply.framed().replace(self._id_mark, number).replace(self._created_mark, self._press.second_bytes)
        head = self._press.quick(vendor, reply, number)
        line.write(head + body)
        call.bytes_sent = len(head) + len(body)
        call.chunks_sent = len(reply.frames)
        call.first_byte_ms = 0.0
        self.calls.end(call)

    def _exchange(
        self,
        line: HttpLine,
        vendor: Vendor,
        reply: Reply,
        call: Call,
        how: tuple[Fault | None, tuple[float, float], bytes],
    ) -> Exchange:
        fault, pace, number = how
        name = number.decode()
        if reply.marked:
            reply = self._stamped(reply, number)
        if fault is not None:
            reply = replaced(reply, fault, vendor, self._press.request_id(vendor, name))
            call.status, call.fault = reply.status, fault.id
        if call.replay is not None and fault is None:
            head = self._press.bare(reply, reply.headers)
        else:
            head = self._press.full(vendor, reply, name, fault.headers if fault is not None else {})
        script = play(reply, head, pace) if fault is None else spoil(reply, fault, vendor, head, pace)
        if fault is not None and fault.garbage == "endless":
            script = endless(script)
        return Exchange(line, self.calls, call, script)

    def _stamped(self, reply: Reply, number: bytes) -> Reply:
        marks, second = (self._id_mark, self._created_mark), self._press.second_bytes
        frames = [frame.replace(marks[0], number).replace(marks[1], second) for frame in reply.frames]
        return Reply(
            reply.status,
            reply.headers,
            frames,
            reply.weights,
            reply.stream,
            reply.model,
            reply.prompt_tokens,
            reply.completion_tokens,
        )

    def _call(self, request: Request, vendor: Vendor, reply: Reply, recording: str | None) -> Call:
        headers = request.headers
        return Call(
            arrival=self.calls.arrivals,
            vendor=vendor,
            path=request.path,
            model=reply.model,
            stream=reply.stream,
            status=reply.status,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            key=self.calls.fingerprint(_key(headers)),
            user_agent=headers.get(b"user-agent", b"").decode("latin-1"),
            tag=tag_in(request.body),
            request_bytes=len(request.body),
            replay=recording,
            started_at=time.time(),
        )

    def _reply(self, request: Request, vendor: Vendor) -> tuple[Reply, str | None]:
        try:
            order = self._replay_order(request, vendor)
            if order is not None:
                reply = self.shelf.reply(order)
                reply.model = f"{REPLAY_PREFIX}{order.file}"
                return reply, order.file
            self._check_key(request, vendor)
            return self._routed(request, vendor), None
        except UnknownRecordingError as error:
            return self._refusal(WireError(404, str(error)), request, vendor), None
        except WireError as error:
            return self._refusal(error, request, vendor), None

    def _replay_order(self, request: Request, vendor: Vendor) -> ReplayOrder | None:
        named = request.headers.get(REPLAY_HEADER)
        if named is not None:
            return _order(named.decode("latin-1"))
        if REPLAY_PREFIX.encode() in request.body:
            model = _model(request.body)
            if model.startswith(REPLAY_PREFIX):
                return _order(model.removeprefix(REPLAY_PREFIX))
        return self.shelf.next_order(vendor)

    def _check_key(self, request: Request, vendor: Vendor) -> None:
        key = _key(request.headers).decode("latin-1")
        wrong = key.lower().startswith(("invalid", "bad-"))
        if vendor == "anthropic" and (not key or wrong):
            message = "invalid x-api-key" if wrong else "x-api-key header is required"
            raise WireError(401, message, type="authentication_error", headers={"x-should-retry": "false"})
        if not key:
            raise WireError(401, _NO_KEY)
        if wrong:
            message = f"Incorrect API key provided: {_masked(key)}. You can find your API key at https://platform.openai.com/account/api-keys."
            raise WireError(401, message, code="invalid_api_key")

    def _routed(self, request: Request, vendor: Vendor) -> Reply:
        known = self._cache.get((request.path, request.body)) if request.method == "POST" else None
        if known is not None:
            return known
        reply = self._made(request, vendor)
        if request.method == "POST" and reply.marked and len(request.body) <= _CACHED_BODY_BYTES:
            if len(self._cache) >= _CACHED_REPLIES:
                self._cache.clear()
            self._cache[(request.path, request.body)] = reply
        return reply

    def _made(self, request: Request, vendor: Vendor) -> Reply:
        target = f"{request.method} {request.path}"
        if target == "POST /v1/chat/completions":
            ask = read_chat(request.body)
            answers = [compose(ask, self.options.seed, choice) for choice in range(ask.choices)]
            return openai_wire.chat_reply(ask, answers, self._marks)
        if target == "POST /v1/responses":
            ask, data = read_response(request.body)
            return responses_wire.response_reply(ask, data, compose(ask, self.options.seed), self._marks)
        if target == "POST /v1/embeddings":
            return embedding_reply(request.body)
        if target == "POST /v1/messages":
            if b"anthropic-version" not in request.headers:
                raise WireError(400, "anthropic-version: header is required")
            ask = read_messages(request.body)
            return anthropic_wire.message_reply(ask, compose(ask, self.options.seed), self._marks)
        if target == "POST /v1/messages/count_tokens":
            return _counted(read_messages(request.body, counting=True))
        if request.method == "GET" and request.path.startswith("/v1/models"):
            return _models(request.path.removeprefix("/v1/models").strip("/"), vendor)
        if vendor == "anthropic":
            raise WireError(404, "Not Found", type="not_found_error")
        raise WireError(404, f"Invalid URL ({request.method} {request.path})")

    def _refusal(self, error: WireError, request: Request, vendor: Vendor) -> Reply:
        if vendor == "openai":
            body = openai_error(error)
        else:
            number = f"{self._run.decode()}{self.calls.arrivals + 1:012d}"
            body = anthropic_error(error, self._press.request_id(vendor, number))
        headers = {"content-type": JSON_TYPE} | error.headers
        return Reply(error.status, headers, [body], [0], model=_model(request.body))


def _is_anthropic(request: Request) -> bool:
    return request.path.startswith("/v1/messages") or b"anthropic-version" in request.headers


def _key(headers: dict[bytes, bytes]) -> bytes:
    return headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer").strip()


def _masked(key: str) -> str:
    return key if len(key) <= 12 else f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"


def _model(body: bytes) -> str:
    """Return the model a body names, readable or not."""
    try:
        data: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    model = data.get("model") if isinstance(data, dict) else None
    return model if isinstance(model, str) else ""


def _order(text: str) -> ReplayOrder:
    """Read ``file`` or ``file?slice=7``."""
    name, _, size = text.partition("?slice=")
    return ReplayOrder(file=name, slice_bytes=int(size) if size.isdecimal() and int(size) else None)


def _counted(ask: Ask) -> Reply:
    body = b'{"input_tokens":%d}' % ask.prompt_tokens
    return Reply(200, {"content-type": JSON_TYPE}, [body], [0], model=ask.model, marked=True)


def _models(name: str, vendor: Vendor) -> Reply:
    wire = openai_wire if vendor == "openai" else anthropic_wire
    if name and name not in EMBEDDING_SIZES and dated_name(vendor, name) is None:
        kind = "invalid_request_error" if vendor == "openai" else "not_found_error"
        raise WireError(404, f"The model '{name}' does not exist", "model", "model_not_found", kind)
    shown = wire.model_card(name) if name else wire.model_list()
    return Reply(200, {"content-type": JSON_TYPE}, [msgspec.json.encode(shown)], [0], model=name, marked=True)
