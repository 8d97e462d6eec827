"""Sends alerts by e-mail, over the mail server that the settings name, in a thread of its own each time."""

import asyncio
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from router_core.alerts.mail_server import MailServer, is_mail_address
from router_core.clock import Clock
from router_core.ports import Sent
from router_core.types import Alert, AlertChannel

__all__ = ["MailSender"]

LONGEST_S: Final = 20.0
STEP_S: Final = 10.0
AT_ONCE: Final = 2


class MailSender:
    """An :class:`AlertSender` for e-mail."""

    def __init__(self, server: MailServer, clock: Clock, *, longest_s: float = LONGEST_S) -> None:
        self._server = server
        self._clock = clock
        self._longest = longest_s
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(self, channel: AlertChannel, message_id: str, alert: Alert | None, sentence: str) -> Sent:
        """Mail ``alert``, None for a test; never raises for what a mail server does."""
        mailing = _Mailing(self._server, self._message(channel.target, message_id, alert, sentence))
        try:
            async with asyncio.timeout(self._longest), self._places:
                try:
                    return await _in_thread(mailing)
                finally:
                    mailing.abort()
        except TimeoutError:
            return Sent(delivered=False, error="The mail server did not answer in time")

    def refusal(self, target: str) -> str | None:
        """Say what is wrong with the address ``target``, None when it could be a receiver's."""
        return None if is_mail_address(target) else "must be an e-mail address, such as ops@example.com"

    def _message(self, to: str, message_id: str, alert: Alert | None, sentence: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._server.sender, to
        # A subject is one line, whatever a model or an account is called.
        message["Subject"] = f"Signalbox: {' '.join(sentence.split())}"
        message["Date"] = format_datetime(self._clock.utcnow())
        message["Message-ID"] = f"<{message_id}@{self._server.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        lines = [f"{sentence}.", ""]
        if alert is not None:
            lines += [f"Kind: {alert.kind}", f"Period: {alert.period}", f"Raised: {alert.at:%Y-%m-%d %H:%M:%S} UTC", ""]
        message.set_content("\n".join(lines))
        return message


class _Mailing:
    """One message on its way, in a thread; :meth:`abort` ends the wait for a server that says nothing."""

    def __init__(self, server: MailServer, message: EmailMessage) -> None:
        self._server = server
        self._message = message
        self._connection: smtplib.SMTP | None = None
        self._over = False

    def run(self) -> Sent:
        """Hand the message to the server."""
        try:
            with self._connected() as connection:
                self._connection = connection
                if not self._over:
                    self._hand_over(connection)
        except smtplib.SMTPResponseException as error:
            return Sent(delivered=False, status=error.smtp_code, error=f"The mail server answered {error.smtp_code}")
        except smtplib.SMTPRecipientsRefused as error:
            code = next((code for code, _ in error.recipients.values()), None)
            return Sent(delivered=False, status=code, error="The mail server refused the address")
        except ssl.SSLError:
            return Sent(delivered=False, error="The mail server's certificate is not trusted")
        except (smtplib.SMTPException, OSError):
            return Sent(delivered=False, error="The mail server cannot be reached")
        return Sent(delivered=True, status=250)

    def abort(self) -> None:
        """Cut the connection, if there still is one."""
        self._over = True
        held = None if self._connection is None else self._connection.sock
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        # Else this machine's full name would be looked up, which may take long, and told.
        own = server.sender.rpartition("@")[2]
        if server.implicit_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, own, timeout=STEP_S, context=context)
        return smtplib.SMTP(server.host, server.port, own, timeout=STEP_S)

    def _hand_over(self, connection: smtplib.SMTP) -> None:
        server = self._server
        if server.starttls:
            connection.starttls(context=ssl.create_default_context())
        encrypted = server.starttls or server.implicit_tls
        if encrypted and server.user is not None and server.password is not None:
            connection.login(server.user.reveal(), server.password.reveal())
        connection.send_message(self._message)


async def _in_thread(mailing: _Mailing) -> Sent:
    """Run ``mailing`` in a thread that keeps no process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Sent] = loop.create_future()

    def finish(sent: Sent) -> None:
        if not done.done():
            done.set_result(sent)

    def work() -> None:
        sent = mailing.run()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finish, sent)

    threading.Thread(target=work, name="alert-mail", daemon=True).start()
    return await done
