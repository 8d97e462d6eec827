"""Answers with the description, which is written once: anybody may ask for it, as often as they like."""

import asyncio
import gzip
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

from router_core.api.call import Call
from router_core.api.compression import accepts_gzip
from router_core.api.encoding import encode_json
from router_core.api.endpoint import Action
from router_core.api.errors import Header
from router_core.api.openapi import openapi_document
from router_core.api.reference.page import page, page_policy
from router_core.security.permissions import PERMISSIONS, PUBLIC
from router_core.types import Role

__all__ = ["ApiDescription"]

Table = Mapping[str, Mapping[str, Action]]
_CODED: Final[tuple[Header, ...]] = ((b"content-encoding", b"gzip"), (b"vary", b"accept-encoding"))
_WORDS: Final[Mapping[str, str]] = {"service": "service key", "admin": "admin or admin key"}


class ApiDescription:
    """The description of the interface whose paths are in ``table``, and who may use each."""

    def __init__(self, table: Callable[[], Table]) -> None:
        self._table = table
        self._texts: dict[str, _Text] = {}

    async def answer_document(self, call: Call) -> None:
        """Answer with the description for machines."""
        await self._answer(call, "document", self._write_document)

    async def answer_page(self, call: Call) -> None:
        """Answer with the description for people."""
        await self._answer(call, "page", self._write_page)

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI description, with who may use what."""
        document, table = openapi_document(), self._table()
        paths = {
            path: {method: {**given, **_rights(table, path, method)} for method, given in operations.items()}
            for path, operations in document["paths"].items()
        }
        return {**document, "paths": paths}

    async def _answer(self, call: Call, name: str, write: Callable[[], "_Text"]) -> None:
        if name not in self._texts:
            # It takes a tenth of a second: not on the event loop.
            self._texts[name] = await asyncio.to_thread(write)
        await self._texts[name].answer(call)

    def _write_document(self) -> "_Text":
        return _Text(encode_json(self.document()), (b"content-type", b"application/json"))

    def _write_page(self) -> "_Text":
        return _Text(
            page(self.document()).encode(),
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", page_policy().encode()),
            (b"referrer-policy", b"no-referrer"),
        )


class _Text:
    """A text that is written and compressed once."""

    __slots__ = ("_headers", "_plain", "_small")

    def __init__(self, text: bytes, *headers: Header) -> None:
        self._headers = headers
        self._plain = text
        self._small = gzip.compress(text, mtime=0)

    async def answer(self, call: Call) -> None:
        """Send it, compressed to those who take that."""
        takes_small = accepts_gzip(call.headers.get(b"accept-encoding", b""))
        body, coded = (self._small, _CODED) if takes_small else (self._plain, ())
        await call.start(200, (*self._headers, *coded, (b"content-length", b"%d" % len(body))))
        await call.write(body, last=True)


def _rights(table: Table, path: str, method: str) -> dict[str, Any]:
    permission = table[path][method.upper()].permission
    return {} if permission == PUBLIC else {"x-permission": permission, "x-roles": list(_roles(permission))}


def _roles(permission: str) -> Iterator[str]:
    allowed = PERMISSIONS[permission]
    return (_WORDS.get(role, role.replace("_", " ")) for role in get_args(Role) if role in allowed)
