"""The control calls under ``/__sim/``: set faults, latencies and replays, read the call log and the counts."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from simulator.faults import Fault
from simulator.http_protocol import Request
from simulator.latency import Latency
from simulator.replay import ReplayOrder, UnknownRecordingError
from simulator.service import CONTROL_PREFIX, VendorService

_MOST_CALLS: Final = 10_000


class LatencyOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Set a latency for the models a shell pattern names; times in milliseconds."""

    model: str = "*"
    ttft_ms: float = 0.0
    spread: float = 0.0
    token_ms: float = 0.0


class ControlDesk:
    """Carries out control calls on one service."""

    __slots__ = ("_routes", "_service")

    def __init__(self, service: VendorService) -> None:
        self._service = service
        self._routes: dict[str, Callable[[Request], Any]] = {
            "GET ready": self._ready,
            "GET faults": self._faults,
            "POST faults": self._add_faults,
            "PUT faults": self._replace_faults,
            "DELETE faults": self._clear_faults,
            "GET latency": self._latency,
            "POST latency": self._set_latency,
            "DELETE latency": self._reset_latency,
            "GET calls": self._calls,
            "DELETE calls": self._reset_calls,
            "GET counts": self._counts,
            "GET replay": self._recordings,
            "POST replay": self._order_replay,
            "DELETE replay": self._clear_replay,
        }

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Return (status, JSON body) for a control call."""
        route = self._routes.get(f"{request.method} {request.path.removeprefix(CONTROL_PREFIX).strip('/')}")
        if route is None:
            return 404, msgspec.json.encode({"error": "no such control call", "calls": sorted(self._routes)})
        try:
            return 200, msgspec.json.encode(route(request))
        except (msgspec.DecodeError, ValueError, UnknownRecordingError) as error:
            return 400, msgspec.json.encode({"error": str(error)})

    def _ready(self, _: Request) -> Any:
        return {"ready": True, "fast": self._service.options.fast}

    def _faults(self, _: Request) -> Any:
        return {"faults": self._service.faults.all()}

    def _add_faults(self, request: Request) -> Any:
        faults = msgspec.json.decode(request.body, type=Fault | list[Fault])
        listed = faults if isinstance(faults, list) else [faults]
        return {"faults": [self._service.faults.add(fault) for fault in listed]}

    def _replace_faults(self, request: Request) -> Any:
        faults = msgspec.json.decode(request.body, type=Fault | list[Fault])
        self._service.faults.clear()
        listed = faults if isinstance(faults, list) else [faults]
        return {"faults": [self._service.faults.add(fault) for fault in listed]}

    def _clear_faults(self, request: Request) -> Any:
        wanted = _number(request, "id", 0)
        return {"cleared": self._service.faults.clear(wanted or None)}

    def _latency(self, _: Request) -> Any:
        return {"latency": self._service.latencies.all()}

    def _set_latency(self, request: Request) -> Any:
        order = msgspec.json.decode(request.body, type=LatencyOrder)
        latency = Latency(ttft_ms=order.ttft_ms, spread=order.spread, token_ms=order.token_ms)
        self._service.latencies.set(order.model, latency)
        return self._latency(request)

    def _reset_latency(self, request: Request) -> Any:
        self._service.latencies.reset()
        return self._latency(request)

    def _calls(self, request: Request) -> Any:
        limit = min(_number(request, "limit", 1_000), _MOST_CALLS)
        return {"calls": self._service.calls.after(_number(request, "after", 0), limit)}

    def _reset_calls(self, _: Request) -> Any:
        self._service.calls.reset()
        return {"reset": True}

    def _counts(self, _: Request) -> Any:
        return self._service.calls.counts()

    def _recordings(self, _: Request) -> Any:
        return {"recordings": self._service.shelf.names()}

    def _order_replay(self, request: Request) -> Any:
        order = msgspec.json.decode(request.body, type=ReplayOrder)
        self._service.shelf.order(order)
        return {"queued": order.file}

    def _clear_replay(self, _: Request) -> Any:
        self._service.shelf.clear()
        return {"cleared": True}


def _number(request: Request, name: str, default: int) -> int:
    values = parse_qs(request.query).get(name)
    if not values:
        return default
    if not values[0].isdecimal():
        raise ValueError(f"{name} must be a whole number")
    return int(values[0])
