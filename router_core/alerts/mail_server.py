"""The mail server that alerts go out over, and what an address is."""

import re
from typing import Final

from msgspec import Struct

from router_core.types import Secret

__all__ = ["MailServer", "is_mail_address"]

MOST_ADDRESS: Final = 254
# Narrower than what mail allows: no quotes, no comments, no blanks, nothing that could end a header.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


class MailServer(Struct, frozen=True, kw_only=True):
    """Where mail goes out: encrypted from the first byte with ``implicit_tls``, after a word with ``starttls``.

    ``user`` and ``password`` are only ever sent encrypted.
    """

    host: str
    port: int
    sender: str
    implicit_tls: bool = False
    starttls: bool = False
    user: Secret | None = None
    password: Secret | None = None


def is_mail_address(text: str) -> bool:
    """Say whether ``text`` is one plain e-mail address."""
    return len(text) <= MOST_ADDRESS and _ADDRESS.fullmatch(text) is not None
