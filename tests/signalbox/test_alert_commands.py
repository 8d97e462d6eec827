"""``signalbox alerts``: channels beside a server, real receivers, errors that name what is wrong."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from router_core.types import Secret
from signalbox.faults import SettingsError
from signalbox.mail_settings import mail_server, parse_smtp_url
from signalbox.settings import read_settings
from signalbox.summary import summarize
from tests.support.command_runs import run_at


class _Taker(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _receiver() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Taker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one account, for all tests here."""
    made = tmp_path_factory.mktemp("alerts")
    assert run_at(made, "accounts", "create", "acme")[0] == 0
    return made


def test_a_channel_is_added_tested_listed_and_removed(folder: Path) -> None:
    allowed = {"SIGNALBOX_ALLOWED_WEBHOOKS": "127.0.0.1"}
    with _receiver() as port:
        url = f"http://127.0.0.1:{port}/in"
        added = ["alerts", "channels", "add", "--webhook", url, "--account", "acme", "--kind", "overage", "--json"]
        code, out, _ = run_at(folder, *added, **allowed)
        assert code == 0
        made = json.loads(out)
        assert made["secret"].startswith("whsec_")
        assert made["channel"]["kinds"] == ["overage"]
        id = made["channel"]["id"]
        assert run_at(folder, "alerts", "channels", "test", id, **allowed)[:2] == (0, "delivered\n")
    assert run_at(folder, "alerts", "channels", "test", id)[0] == 1
    (listed,) = json.loads(run_at(folder, "alerts", "channels", "list", "--json")[1])
    assert (listed["channel"]["target"], listed["last"]) == (url, None)
    assert id in run_at(folder, "alerts", "channels", "list")[1]
    assert run_at(folder, "alerts", "channels", "remove", id)[0] == 0
    assert run_at(folder, "alerts", "channels", "remove", id)[0] == 2
    code, out, _ = run_at(folder, "audit", "export", "--format", "jsonl")
    verbs = [json.loads(line)["event"] for line in out.splitlines()]
    assert [each for each in verbs if each.startswith("alert_channel.")] == [
        "alert_channel.made", "alert_channel.tested", "alert_channel.tested", "alert_channel.removed",
    ]  # fmt: skip
    assert made["secret"] not in out


def test_what_cannot_be_is_refused_by_name(folder: Path) -> None:
    add = ("alerts", "channels", "add")
    for arguments, word in (
        ((), "--webhook"),
        (("--webhook", "https://a.example", "--email", "a@b.example"), "--webhook"),
        (("--webhook", "http://127.0.0.1/"), "SIGNALBOX_ALLOWED_WEBHOOKS"),
        (("--webhook", "https://u:p@a.example/"), "target"),
        (("--email", "a@b.example"), "SIGNALBOX_SMTP_URL"),
        (("--webhook", "https://a.example", "--kind", "party"), "--kind"),
        (("--webhook", "https://a.example", "--account", "nobody"), "nobody"),
    ):
        code, _, said = run_at(folder, *add, *arguments)
        assert (code, word in said) == (2, True), arguments
    assert json.loads(run_at(folder, "alerts", "channels", "list", "--json")[1]) == []


def test_lists_are_empty_before_anything_happened(folder: Path) -> None:
    for what in ("list", "deliveries"):
        assert json.loads(run_at(folder, "alerts", what, "--json")[1]) == []
        assert run_at(folder, "alerts", what)[1] == "none\n"


@pytest.mark.parametrize(
    ("url", "port", "implicit", "starttls"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp://u:p%40ss@mail.example.com:587?starttls=true", 587, False, True),
        ("smtps://u:p@mail.example.com", 465, True, False),
    ],
)
def test_a_mail_server_is_read_from_its_url(url: str, port: int, implicit: bool, starttls: bool) -> None:
    server = mail_server(Secret(url), "signalbox@example.com")
    assert (server.host, server.port, server.implicit_tls, server.starttls) == (
        "mail.example.com", port, implicit, starttls,
    )  # fmt: skip
    if "%40" in url:
        assert server.password == Secret("p@ss")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://u:hunter2@mail.example.com", "smtp://u:hunter2@mail.example.com?starttls=false", "http://hunter2",
        "smtp://", "smtps://hunter2@mail.example.com", "smtp://mail.example.com/hunter2",
        "smtp://mail.example.com?hunter2=1", "smtp://mail.example.com:hunter2", "smtp://mail.example.com?starttls=yes",
    ],
)  # fmt: skip
def test_a_mail_server_that_cannot_be_or_would_hear_a_password_in_the_open_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must") as refused:
        parse_smtp_url(url)
    assert "hunter2" not in str(refused.value)


def test_the_server_and_the_address_of_mail_go_together() -> None:
    for env in ({"SIGNALBOX_SMTP_URL": "smtp://mail.example.com"}, {"SIGNALBOX_SMTP_FROM": "a@example.com"}):
        with pytest.raises(SettingsError, match="go together"):
            read_settings(env)
    both = {"SIGNALBOX_SMTP_URL": "smtps://u:hunter2@mail.example.com", "SIGNALBOX_SMTP_FROM": "a@example.com"}
    lines = [each.line() for each in summarize(read_settings(both))]
    assert "✓ alerts by e-mail: sent from a@example.com" in lines
    assert "hunter2" not in str(lines) + repr(read_settings(both))
    assert any("SIGNALBOX_SMTP_URL is not set" in each.line() for each in summarize(read_settings({})))
    with pytest.raises(SettingsError, match="SIGNALBOX_SMTP_FROM"):
        read_settings({"SIGNALBOX_SMTP_FROM": "Ops <a@example.com>"})
