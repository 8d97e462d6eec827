"""Talks to the operators' paths of a running server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import msgspec
from msgspec import Struct

from router_core.types import Secret
from signalbox.commands.server_access import admin_access
from signalbox.faults import CommandFault, ConflictFault, DependencyFault, UsageFault
from signalbox.settings import load_settings

__all__ = ["OperatorClient", "ServerOptions", "connected", "in_options", "segment"]

A = TypeVar("A")
_TIMEOUT_S = 15.0
_USAGE = frozenset({400, 404, 405, 413, 415})
_NO_KEY = "SIGNALBOX_API_KEY is not set; make an admin key with: signalbox keys create --account NAME --role admin"


class ServerOptions(Struct, frozen=True, kw_only=True):
    """Where the server is, and how to answer."""

    url: str | None
    data_dir: Path | None
    as_json: bool


class OperatorClient:
    """Makes one call at a time.

    Raises :class:`DependencyFault` when no server answers or it cannot act now, :class:`UsageFault` for what it takes
    for wrong input, :class:`ConflictFault` for what somebody else changed meanwhile, and :class:`CommandFault` for the
    rest.
    """

    def __init__(self, http: httpx2.Client, url: str) -> None:
        self._http = http
        self._url = url

    def get(self, path: str, kind: type[A]) -> A:
        """Return what is at ``path``."""
        return msgspec.json.decode(self._send("GET", path, None), type=kind)

    def act(self, method: str, path: str, kind: type[A], body: Any = None) -> A:
        """Do something and return the answer."""
        return msgspec.json.decode(self._send(method, path, body), type=kind)

    def _send(self, method: str, path: str, body: Any) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._http.request(method, f"/api/admin/{path}", content=content)
        except httpx2.HTTPError:
            raise _no_server(self._url) from None
        if answer.status_code != httpx2.codes.OK:
            raise _fault(answer)
        return answer.content


@contextmanager
def connected(options: ServerOptions) -> Iterator[OperatorClient]:
    """Yield a client of the running server.

    Raises :class:`UsageFault` for a bad URL, or without a key while a server runs, and :class:`DependencyFault` when
    none does.
    """
    settings = load_settings().in_folder(options.data_dir)
    url, key = admin_access(settings, options.url)
    with httpx2.Client(base_url=url, headers=_headers(key), timeout=_TIMEOUT_S, trust_env=False) as http:
        if key is None:
            _require_server(http, url)
            raise UsageFault(_NO_KEY)
        try:
            yield OperatorClient(http, url)
        except msgspec.DecodeError:
            raise CommandFault(f"what answers at {url} is not a Signalbox of this version") from None


def segment(text: str) -> str:
    """Return ``text`` as one segment of a path. Raises :class:`UsageFault` when it cannot be one."""
    if not text or text in (".", ".."):
        raise UsageFault("a name is needed")
    return quote(text, safe="")


def in_options(text: str, options: Mapping[str, str]) -> str:
    """Return ``text`` with the field it begins with named as the option that sets it."""
    name, blank, rest = text.partition(" ")
    return f"{options.get(name, name)}{blank}{rest}"


def _headers(key: Secret | None) -> dict[str, str]:
    kind = {"content-type": "application/json"}
    return kind if key is None else {**kind, "authorization": f"Bearer {key.reveal()}"}


def _require_server(http: httpx2.Client, url: str) -> None:
    try:
        http.get("/livez")
    except httpx2.HTTPError:
        raise _no_server(url) from None


def _no_server(url: str) -> DependencyFault:
    return DependencyFault(f"no server answers at {url}; start one with: signalbox up")


def _fault(answer: httpx2.Response) -> CommandFault:
    try:
        error = msgspec.json.decode(answer.content, type=dict[str, dict[str, Any]])["error"]
        text = f"{error['message']} ({error['code']})"
    except (msgspec.DecodeError, KeyError):
        text = f"the server answered {answer.status_code}"
    if answer.status_code in _USAGE:
        return UsageFault(text)
    if answer.status_code == httpx2.codes.CONFLICT:
        return ConflictFault(text)
    unavailable = answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    return DependencyFault(text) if unavailable else CommandFault(text)
