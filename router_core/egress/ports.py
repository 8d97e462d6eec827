"""Ports that belong to other services: what is sent there as HTTP is an order to one of them."""

from typing import Final

__all__ = ["speaks_no_http"]

# ftp, ssh, telnet, smtp, dns, finger, pop3, portmapper, nntp, imap, ldap, smb, databases, queues, caches, and the like.
_SERVICES: Final = frozenset({
    20, 21, 22, 23, 25, 53, 69, 79, 110, 111, 119, 135, 137, 138, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514,
    515, 587, 636, 873, 993, 995, 1433, 1521, 2049, 2181, 3306, 3389, 5060, 5061, 5432, 5672, 5900, 6379, 6380, 9042,
    9092, 11211, 26379, 27017,
})  # fmt: skip


def speaks_no_http(port: int | None) -> bool:
    """Say whether ``port`` is one where no HTTP server is to be expected; None is the scheme's own port."""
    return port == 0 or port in _SERVICES
