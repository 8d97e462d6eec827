"""E-mails over a real mail server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from router_core.alerts.mail import MailSender
from router_core.alerts.mail_server import MailServer, is_mail_address
from router_core.ports import Sent
from tests.support.alert_worlds import alert, channel
from tests.support.fake_clock import FakeClock

TO = channel(kind="email", target="ops@example.com")


class _Mailbox:
    """Takes every message, or refuses with ``answer``."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.got: list[tuple[str, list[str], EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the server's own name
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((envelope.mail_from, envelope.rcpt_tos, message))
        return self.answer


@asynccontextmanager
async def _listening(mailbox: _Mailbox) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: SMTP(mailbox, loop=loop), "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield MailServer(host="127.0.0.1", port=port, sender="signalbox@example.com")


async def test_an_alert_arrives_as_plain_text() -> None:
    mailbox = _Mailbox()
    async with _listening(mailbox) as server:
        sent = await MailSender(server, FakeClock()).send(TO, "m1", alert(), "Account acme has spent 80 %")
    assert sent == Sent(delivered=True, status=250)
    ((sender, to, message),) = mailbox.got
    assert (sender, to) == ("signalbox@example.com", ["ops@example.com"])
    assert message["Subject"] == "Signalbox: Account acme has spent 80 %"
    assert message["Message-ID"] == "<m1@example.com>"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines()[0] == "Account acme has spent 80 %."
    assert "2026-03-01 12:00:00 UTC" in message.get_content()


async def test_no_name_adds_a_header_or_a_receiver() -> None:
    mailbox = _Mailbox()
    evil = "Model x\r\nBcc: all@example.com\r\n\r\nhello \u2028 ünïcode"
    async with _listening(mailbox) as server:
        assert (await MailSender(server, FakeClock()).send(TO, "m1", alert(), evil)).delivered
    ((_, to, message),) = mailbox.got
    assert to == ["ops@example.com"]
    assert message["Bcc"] is None
    assert message["Subject"] == "Signalbox: Model x Bcc: all@example.com hello ünïcode"


@pytest.mark.parametrize("code", [451, 554])
async def test_a_server_that_refuses_is_told_by_its_code_alone(code: int) -> None:
    async with _listening(_Mailbox(f"{code} go away, user secret")) as server:
        sent = await MailSender(server, FakeClock()).send(TO, "m1", None, "It is so")
    assert sent == Sent(delivered=False, status=code, error=f"The mail server answered {code}")


async def test_a_server_that_says_nothing_is_left_in_time() -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listener:
        server = MailServer(host="127.0.0.1", port=listener.sockets[0].getsockname()[1], sender="a@example.com")
        sent = await MailSender(server, FakeClock(), longest_s=0.2).send(TO, "m1", None, "It is so")
        await left.wait()
    assert sent == Sent(delivered=False, error="The mail server did not answer in time")


async def test_nobody_who_listens_is_no_crash() -> None:
    async with _listening(_Mailbox()) as server:
        pass
    sent = await MailSender(server, FakeClock()).send(TO, "m1", None, "It is so")
    assert sent == Sent(delivered=False, error="The mail server cannot be reached")


async def test_a_server_without_encryption_gets_nothing_where_it_is_wanted() -> None:
    mailbox = _Mailbox()
    async with _listening(mailbox) as plain:
        server = MailServer(host=plain.host, port=plain.port, sender=plain.sender, starttls=True)
        assert not (await MailSender(server, FakeClock()).send(TO, "m1", None, "It is so")).delivered
    assert mailbox.got == []


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("ops@example.com", True),
        ("first.last+tag@mail.example.co", True),
        ("root@localhost", True),
        ("ops@example.com, all@example.com", False),
        ("ops@example.com\r\nBcc: x@example.com", False),
        ("ops@example.com\n", False),
        ("Ops <ops@example.com>", False),
        ('"a b"@example.com', False),
        ("ops@-example.com", False),
        ("ops", False),
        ("@example.com", False),
        ("öps@example.com", False),
        ("x" * 250 + "@example.com", False),
        ("", False),
    ],
)
def test_an_address_is_one_plain_address(text: str, fine: bool) -> None:
    assert is_mail_address(text) == fine
