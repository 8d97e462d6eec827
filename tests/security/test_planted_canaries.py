"""Secrets planted everywhere, a whole life of the server at debug level, and a search through all that came of it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.security.canaries import canary, forms, traces
from tests.security.canary_run import CanaryRun, CanaryServer, Planted
from tests.security.leaky_upstream import leaky_upstream
from tests.support.command_runs import run_command
from tests.support.openid_server import CLIENT, openid_server
from tests.support.redis_server import RedisServer
from tests.support.simulator_process import SimulatorProcess

ISSUED = (
    "the admin key", "the service key", "a key made over HTTP", "a session", "a webhook's secret", "a first password",
    "an invitation",
)  # fmt: skip
SECRET = canary("of the search itself") + '/"&é'


WAYS_TO_WRITE = {
    "plain": f"key={SECRET}.".encode(),
    "JSON": json.dumps({"key": SECRET}).encode(),
    "URL": quote(SECRET, safe="").encode(),
    "hex": SECRET.encode().hex().encode(),
    "reversed": SECRET.encode()[::-1],
    "cut": f"{SECRET[:30]}…".encode(),
    "its end": f"…{SECRET[-30:]}".encode(),
    "base64 of URLs": base64.urlsafe_b64encode(f"user:{SECRET}".encode()),
    **{f"base64 after {before}": base64.b64encode(b"x" * before + SECRET.encode() + b"yz") for before in range(4)},
}


@pytest.mark.parametrize("way", WAYS_TO_WRITE)
def test_the_search_finds_a_secret_however_it_was_written(way: str) -> None:
    assert traces({"a log": b"before " + WAYS_TO_WRITE[way] + b" after"}, {"it": [SECRET]})


def test_the_search_finds_nothing_where_nothing_is() -> None:
    assert traces({"a log": b"sk-pr...cdef and " + canary("another").encode()}, {"it": [SECRET]}) == []
    assert all(len(form) > 16 for form in forms(SECRET).values())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryRun]:
    """A server that has lived through everything, with its log in either form, and still runs."""
    planted = Planted()
    redis_password = planted.one("the Redis password")
    with (
        leaky_upstream(f"use {planted.one('the upstream key')}") as upstream,
        SimulatorProcess() as simulator,
        RedisServer("--requirepass", redis_password) as redis,
        openid_server(planted.one("the client secret")) as openid,
    ):
        environment = {
            "OPENAI_API_KEY": planted.one("OpenAI's key"), "OPENAI_BASE_URL": simulator.openai_url,
            "ANTHROPIC_API_KEY": planted.one("Anthropic's key"), "ANTHROPIC_BASE_URL": upstream.url,
            "SIGNALBOX_ENCRYPTION_KEY": planted.one("the master passphrase"),
            "SIGNALBOX_SMTP_URL": f"smtps://mailer:{planted.one('the mail password')}@127.0.0.1:1",
            "SIGNALBOX_SMTP_FROM": "signalbox@example.com",
            "SIGNALBOX_OIDC_ISSUER": openid.issuer, "SIGNALBOX_OIDC_CLIENT_ID": CLIENT,
            "SIGNALBOX_OIDC_CLIENT_SECRET": planted.one("the client secret"),
            "REDIS_URL": f"redis://:{redis_password}@127.0.0.1:{redis.port}/0",
            "SIGNALBOX_LOG_LEVEL": "debug", "SIGNALBOX_AUDIT_FLUSH_S": "0.1", "SIGNALBOX_HEALTH_CHECKS": "false",
        }  # fmt: skip
        folder = tmp_path_factory.mktemp("canaries") / "data"
        server = CanaryServer(folder, **environment, SIGNALBOX_LOG_FORMAT="json")
        with CanaryRun(server, planted, environment, openid) as made:
            made.live()
            server.restart(SIGNALBOX_LOG_FORMAT="text")
            made.live()
            redis.stop()
            made.crash()
            made.upstream_told = b"\n".join(upstream.told)
            yield made


def test_what_was_planted_is_where_it_was_planted_and_nowhere_else(run: CanaryRun) -> None:
    places = run.places()
    assert {"signalbox.db", "the log", "answers and frames"} <= set(places)
    assert any(name.startswith("journal/") for name in places)
    assert traces(places, run.planted.secrets) == []


def test_what_was_issued_and_told_does_hold_its_secrets(run: CanaryRun) -> None:
    issued = traces({"issued": b"\n".join(run.issued)}, run.planted.secrets)
    for what in ISSUED:
        assert f"{what}, plain, in issued" in issued
    told = traces({"told": run.upstream_told}, run.planted.secrets)
    for what in ("Anthropic's key", "the upstream key", "a stored key"):
        assert f"{what}, plain, in told" in told


def test_the_life_was_a_whole_one(run: CanaryRun) -> None:
    log = run.server.output()
    assert "debug" in log.lower()
    assert "Traceback" in log or '"exception"' in log
    assert b"no such table" not in b"\n".join(run.heard)


def test_the_stores_password_is_not_told_when_the_store_cannot_be_reached(tmp_path: Path) -> None:
    password = canary("store")
    url = f"postgresql+psycopg://signalbox:{password}@127.0.0.1:1/signalbox"
    environment = {"OPENAI_API_KEY": "sk-x", "SIGNALBOX_LOG_LEVEL": "debug", "DATABASE_URL": url}
    done = run_command("up", "--port", "0", "--data-dir", str(tmp_path), **environment)
    assert done.returncode == 3, done.stderr
    said = {"output": done.stdout.encode(), "notes": done.stderr.encode()}
    assert traces(said, {"the store's password": [password]}) == []
