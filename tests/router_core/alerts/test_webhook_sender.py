"""Webhooks to a real receiver: signed as the standard says, without redirects, in time, and never into our network."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest

from router_core.alerts.signing import shown_secret, signed_headers
from router_core.alerts.webhook import WebhookSender
from router_core.egress.fence import Fence
from router_core.ports import Sent
from router_core.types import Alert
from tests.support.alert_worlds import Receiver, alert, channel, secret_of
from tests.support.fake_clock import START, FakeClock

LOOPBACK = ("127.0.0.1",)


@asynccontextmanager
async def _sender(*allowed: str, longest_s: float = 5.0) -> AsyncIterator[WebhookSender]:
    sender = WebhookSender(Fence(allowed), secret_of, FakeClock(), longest_s=longest_s)
    yield sender
    await sender.close()


async def _send(receiver: Receiver, raised: Alert | None, path: str = "", **options: Any) -> Sent:
    async with _sender(*LOOPBACK, **options) as sender:
        return await sender.send(channel(target=receiver.url + path), "m1", raised, "It is so")


async def test_a_message_is_signed_and_its_amounts_are_exact() -> None:
    raised = alert(spent=80_100_000_001)
    async with Receiver().open() as receiver:
        assert await _send(receiver, raised) == Sent(delivered=True, status=200)
    ((headers, body),) = receiver.got
    stamp = str(int(START.timestamp()))
    signed = hmac.new(secret_of("c1"), f"m1.{stamp}.".encode() + body, sha256).digest()
    assert headers["webhook-id"] == "m1"
    assert headers["webhook-timestamp"] == stamp
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "type": "alert.threshold",
        "timestamp": START.isoformat(),
        "data": {
            "id": raised.id, "kind": "threshold", "subject": "account:acme:daily", "period": "2026-03-01",
            "threshold": 80, "limitUsd": "100.000000", "spentUsd": "80.100000001", "detail": "",
            "sentence": "It is so", "at": START.isoformat(),
        },
    }  # fmt: skip


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert shown_secret(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize("secret", [b"", b"x", b"x" * 23, b"x" * 65])
def test_nothing_is_signed_with_a_secret_that_protects_nothing(secret: bytes) -> None:
    with pytest.raises(ValueError, match="secret"):
        signed_headers(secret, "m1", 1, b"")
    with pytest.raises(ValueError, match="secret"):
        shown_secret(secret)


@pytest.mark.parametrize("id", ["", "a.b"])
def test_an_id_cannot_shift_what_is_signed(id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        signed_headers(b"x" * 32, id, 1, b"")


async def test_a_test_says_that_it_is_one() -> None:
    async with Receiver(status=204).open() as receiver:
        assert (await _send(receiver, None)).delivered
    ((_, body),) = receiver.got
    assert json.loads(body)["type"] == "alert.test"


@pytest.mark.parametrize(("status", "gone"), [(400, False), (404, False), (410, True), (500, False), (503, False)])
async def test_what_is_no_success_is_not_delivered(status: int, gone: bool) -> None:
    async with Receiver(status=status, body=b"secret words of the receiver").open() as receiver:
        sent = await _send(receiver, alert())
    assert (sent.delivered, sent.status, sent.gone) == (False, status, gone)
    assert sent.error == f"The receiver answered {status}: no success"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with Receiver().open() as other, Receiver(status=status).open() as receiver:
        receiver.headers["location"] = other.url
        sent = await _send(receiver, alert())
    assert (sent.delivered, sent.status) == (False, status)
    assert "redirect" in sent.error
    assert len(receiver.got) == 1
    assert other.got == []


async def test_a_receiver_that_says_nothing_is_left_in_time() -> None:
    async with Receiver(gate=asyncio.Event()).open() as receiver:
        sent = await _send(receiver, alert(), longest_s=0.2)
        assert receiver.gate is not None
        receiver.gate.set()
    assert sent == Sent(delivered=False, error="The receiver did not answer in time")


async def test_an_answer_without_end_is_read_a_little() -> None:
    async with Receiver(body=b"x" * 5_000_000).open() as receiver:
        assert await _send(receiver, alert()) == Sent(delivered=True, status=200)


async def test_nobody_who_listens_is_told_without_the_urls_token() -> None:
    async with Receiver().open() as receiver:
        pass
    sent = await _send(receiver, alert(), "/T0KEN")
    assert sent == Sent(delivered=False, error="The receiver takes no connections")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "169.254.169.254", "10.0.0.1"]
)
async def test_nothing_is_sent_into_our_own_network(host: str) -> None:
    async with Receiver().open() as receiver, _sender() as sender:
        target = f"http://{host}:{receiver.port}/in"
        sent = await sender.send(channel(target=target), "m1", alert(), "It is so")
    assert not sent.delivered
    assert "not public" in sent.error
    assert receiver.got == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
async def test_old_ways_to_write_an_address_are_no_way_in(host: str) -> None:
    async with Receiver().open() as receiver, _sender() as sender:
        sent = await sender.send(channel(target=f"http://{host}:{receiver.port}/"), "m1", alert(), "It is so")
    assert not sent.delivered
    assert receiver.got == []


async def test_a_name_inside_is_reached_when_it_is_allowed() -> None:
    async with Receiver().open() as receiver, _sender("localhost") as sender:
        target = f"http://localhost:{receiver.port}/in"
        assert (await sender.send(channel(target=target), "m1", alert(), "It is so")).delivered
    assert len(receiver.got) == 1


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted() -> None:
    async with Receiver().open() as receiver, _sender(*LOOPBACK) as sender:
        target = f"https://127.0.0.1:{receiver.port}/"
        assert not (await sender.send(channel(target=target), "m1", alert(), "It is so")).delivered
    assert receiver.got == []


@pytest.mark.parametrize(
    ("target", "fine"),
    [
        ("https://hooks.example.com/services/T0/B0?x=1", True),
        ("http://hooks.example.com:8080", True),
        ("https://8.8.8.8/", True),
        ("https://127.0.0.1/", True),
        ("https://10.0.0.1/", False),
        ("https://[::1]/", False),
        ("https://user:pw@hooks.example.com/", False),
        ("https://user@hooks.example.com/", False),
        ("ftp://hooks.example.com/", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://hooks.example.com:99999/", False),
        ("https://hooks.example.com/#fragment", False),
        ("https://hooks.example.com/a b", False),
        ("https://hooks.example.com/\r\nx: y", False),
        ("https://hööks.example.com/", False),
        ("https://hooks.example.com/" + "x" * 2_000, False),
        ("", False),
        *(
            (f"https://{host}/", False)
            for host in ("127.1", "0177.0.0.1", "2130706433", "0x7f.1", "0X7F000001", "0", "8.8.8.8.")
        ),
        ("https://hooks.1example/", True),
    ],
)
def test_what_can_be_no_receiver_is_refused(target: str, fine: bool) -> None:
    sender = WebhookSender(Fence(LOOPBACK), secret_of, FakeClock())
    assert (sender.refusal(target) is None) == fine
