"""Sends alerts to HTTP receivers: signed, without redirects, to public addresses only, in ten seconds at most."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from msgspec import Struct

from router_core.alerts.signing import signed_headers
from router_core.clock import Clock
from router_core.egress.connector import is_out_of_bounds, open_session
from router_core.egress.fence import Fence, literal_address
from router_core.egress.places import Egress
from router_core.egress.ports import speaks_no_http
from router_core.ports import Sent
from router_core.types import Alert, AlertChannel, format_usd

__all__ = ["WebhookSender"]

LONGEST_S: Final = 10.0
MOST_ANSWER: Final = 16 * 1024
MOST_URL: Final = 2_000
GONE: Final = 410
# What is read as an address wherever names are looked up: 127.1, 0x7f.1, 2130706433.
_NUMBER: Final = re.compile(r"(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)\.?\Z", re.IGNORECASE)
_OWN: Final = {"user-agent": "signalbox-alerts", "accept-encoding": "identity"}
_NOT_PUBLIC: Final = "The host's address is not public; SIGNALBOX_ALLOWED_WEBHOOKS can allow it"


class AlertData(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a receiver learns. Amounts are dollars as exact text."""

    id: str
    kind: str
    subject: str
    period: str
    threshold: int
    limit_usd: str
    spent_usd: str
    detail: str
    sentence: str
    at: str


class WebhookSender:
    """An :class:`AlertSender` for HTTP. It belongs to one event loop and is closed there.

    ``secret_of`` gives a channel's secret by its id.
    """

    def __init__(
        self, fence: Fence, secret_of: Callable[[str], bytes], clock: Clock, *, longest_s: float = LONGEST_S
    ) -> None:
        self._fence = fence
        self._secret_of = secret_of
        self._clock = clock
        self._longest = aiohttp.ClientTimeout(total=longest_s)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, channel: AlertChannel, message_id: str, alert: Alert | None, sentence: str) -> Sent:
        """Post ``alert``, None for a test; never raises for what a receiver does."""
        moment = self._clock.utcnow()
        body = _body(alert, sentence, moment.isoformat())
        signed = signed_headers(self._secret_of(channel.id), message_id, int(moment.timestamp()), body)
        try:
            return await self._post(channel.target, body, {**signed, "content-type": "application/json", **_OWN})
        except aiohttp.ClientConnectorError as error:
            return Sent(delivered=False, error=_unreached(error))
        except TimeoutError:
            return Sent(delivered=False, error="The receiver did not answer in time")
        except (aiohttp.ClientError, OSError, ValueError):
            return Sent(delivered=False, error="The connection to the receiver broke")

    def refusal(self, target: str) -> str | None:
        """Say what is wrong with the URL ``target``, None when it could be a receiver's."""
        try:
            parts = urlsplit(target)
            host, port = parts.hostname, parts.port
        except ValueError:
            return "must be an http:// or https:// URL"
        if parts.scheme not in {"http", "https"} or not host or not target.isascii() or not target.isprintable():
            return "must be an http:// or https:// URL"
        if parts.username is not None or parts.password is not None:
            return "must not hold a user or a password"
        if len(target) > MOST_URL or parts.fragment or " " in target:
            return f"must be at most {MOST_URL} characters, without blanks and fragment"
        return self._place_fault(host, port)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _place_fault(self, host: str, port: int | None) -> str | None:
        if speaks_no_http(port):
            return "must not be at a port where no HTTP is spoken"
        literal = literal_address(host)
        if literal is None and _NUMBER.search(host):
            return "must name its host, or spell its address out in full"
        if literal is not None and not self._fence.lets_through(host, literal):
            return "must be at a public address, or one that SIGNALBOX_ALLOWED_WEBHOOKS names"
        return None

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        session = self._opened()
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            await _read_some(answer.content)
            status = answer.status
        if 200 <= status < 300:
            return Sent(delivered=True, status=status)
        told = "a redirect, which is not followed" if 300 <= status < 400 else "no success"
        return Sent(
            delivered=False, status=status, error=f"The receiver answered {status}: {told}", gone=status == GONE
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No look-up is kept: what a name means is judged each time, at the moment of connecting.
            self._session = open_session(
                Egress(self._fence), timeout=self._longest, decompress=False, use_dns_cache=False, force_close=True
            )
        return self._session


async def _read_some(content: aiohttp.StreamReader) -> None:
    """Let the receiver finish its answer, up to 16 KiB; nothing of it is kept."""
    left = MOST_ANSWER
    while left > 0 and (data := await content.read(left)):
        left -= len(data)


def _body(alert: Alert | None, sentence: str, now: str) -> bytes:
    if alert is None:
        return msgspec.json.encode({"type": "alert.test", "timestamp": now, "data": {"sentence": sentence}})
    data = AlertData(
        id=alert.id, kind=alert.kind, subject=alert.subject, period=alert.period, threshold=alert.threshold,
        limit_usd=format_usd(alert.limit), spent_usd=format_usd(alert.spent), detail=alert.detail, sentence=sentence,
        at=alert.at.isoformat(),
    )  # fmt: skip
    return msgspec.json.encode({"type": f"alert.{alert.kind}", "timestamp": now, "data": data})


def _unreached(error: Exception) -> str:
    """Say why there is no connection, without naming the place: its URL may hold a token."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "The receiver's certificate is not trusted"
    if is_out_of_bounds(error):
        return _NOT_PUBLIC
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "The host is not known"
    return "The receiver takes no connections"
