"""Answers with the description, which is written once: anybody may ask for it, as often as they like."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, get_args

from router_core.api.call import Call
from router_core.api.encoding import encode_json
from router_core.api.endpoint import Action
from router_core.api.openapi import openapi_document
from router_core.api.reference.page import page, page_policy
from router_core.security.permissions import PERMISSIONS, PUBLIC
from router_core.types import Role

__all__ = ["ApiDescription"]

Table = Mapping[str, Mapping[str, Action]]
_WORDS: Final[Mapping[str, str]] = {"service": "service key", "admin": "admin or admin key"}


class ApiDescription:
    """The description of the interface whose paths are in ``table``, and who may use each."""

    def __init__(self, table: Callable[[], Table]) -> None:
        self._table = table

    async def answer_document(self, call: Call) -> None:
        """Answer with the description for machines."""
        await call.answer_bytes(self._written)

    async def answer_page(self, call: Call) -> None:
        """Answer with the description for people."""
        body = self._page
        kind, policy = (b"content-type", b"text/html; charset=utf-8"), page_policy().encode()
        await call.start(
            200,
            (
                kind,
                (b"content-length", b"%d" % len(body)),
                (b"content-security-policy", policy),
                (b"referrer-policy", b"no-referrer"),
            ),
        )
        await call.write(body, last=True)

    @cached_property
    def _document(self) -> dict[str, Any]:
        document, table = openapi_document(), self._table()
        paths = {
            path: {method: {**given, **_rights(table, path, method)} for method, given in operations.items()}
            for path, operations in document["paths"].items()
        }
        return {**document, "paths": paths}

    @cached_property
    def _written(self) -> bytes:
        return encode_json(self._document)

    @cached_property
    def _page(self) -> bytes:
        return page(self._document).encode()


def _rights(table: Table, path: str, method: str) -> dict[str, Any]:
    permission = table[path][method.upper()].permission
    return {} if permission == PUBLIC else {"x-permission": permission, "x-roles": list(_roles(permission))}


def _roles(permission: str) -> Iterator[str]:
    allowed = PERMISSIONS[permission]
    return (_WORDS.get(role, role.replace("_", " ")) for role in get_args(Role) if role in allowed)
