"""A short life of a real server into which secrets were planted: everything that a day brings, and a crash."""

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2

from router_core.types import KeyRole
from signalbox.administration import create_account, issue_key
from signalbox.bootstrap import build
from signalbox.settings import read_settings
from tests.security.canaries import canary
from tests.support.command_runs import run_command
from tests.support.demo_process import DemoProcess
from tests.support.openid_server import OpenIdServer
from tests.support.page_socket import page_frames

__all__ = ["CanaryRun", "CanaryServer", "Planted"]

OWNER = "owner@example.com"
KEY_ROLES: tuple[KeyRole, ...] = ("admin", "service")
PAGES = ("", "live", "health", "budgets", "audit", "playground", "providers", "access")
FAILURES = ("[400]", "[401]", "[403]", "[404]", "[429]", "[500]", "[529]", "garbled")
LOOKS = (
    "/api/admin/accounts", "/api/admin/actions", "/api/admin/alerts/channels", "/api/admin/alerts/deliveries",
    "/api/admin/audit", "/api/admin/audit/export?format=csv", "/api/admin/audit/export?format=jsonl",
    "/api/admin/breakers", "/api/admin/config", "/api/admin/config/versions", "/api/admin/dependencies",
    "/api/admin/encryption", "/api/admin/health", "/api/admin/keys", "/api/admin/limits", "/api/admin/nodes",
    "/api/admin/providers", "/api/admin/sessions", "/api/admin/stats", "/api/admin/users", "/api/llm/health",
    "/api/llm/metrics", "/api/llm/usage", "/api/openapi.json", "/api/docs", "/metrics",
)  # fmt: skip


@dataclass
class Planted:
    """The secrets, each by what it is; those that the server makes are added when it gives them out."""

    secrets: dict[str, list[str]] = field(
        default_factory=lambda: {
            "OpenAI's key": [canary("openai", "sk-proj-")],
            "Anthropic's key": [canary("anthropic", "sk-ant-api03-")],
            "the master passphrase": [canary("master")],
            "the mail password": [canary("mail")],
            "the Redis password": [canary("redis")],
            "the client secret": [canary("client")],
            "a password": [canary("password") + "/+&\"<é'"],
            "a wrong password": [canary("wrong password")],
            "a made-up key": [f"sbx_0123456789abcdef_{canary('made-up')}"],
            "a key in a body": [canary("body", "sk-proj-")],
            "a key in a query": [canary("query", "sk-proj-")],
            "the upstream key": [canary("upstream", "sk-proj-")],
            "a made-up session": [canary("session")],
            "a stored key": [canary("stored", "sk-ant-api03-"), canary("stored later")],
        }
    )

    def one(self, what: str) -> str:
        """Return the first secret of that kind."""
        return self.secrets[what][0]

    def add(self, what: str, secret: str) -> str:
        """Look for ``secret`` too."""
        self.secrets.setdefault(what, []).append(secret)
        return secret


class CanaryServer(DemoProcess):
    """``signalbox up`` at debug level with secrets in its environment."""

    mode: tuple[str, ...] = ("up",)

    def restart(self, **changes: str) -> None:
        """Stop, and start with another environment."""
        self.stop()
        self._environment |= changes
        self.start()

    def _facts(self) -> dict[str, Any]:
        return {}


class CanaryRun:
    """Everything that clients, people and operators do; ``heard`` keeps what they were answered, ``issued`` what was
    meant to hold a secret.
    """

    def __init__(
        self, server: CanaryServer, planted: Planted, environment: dict[str, str], openid: OpenIdServer
    ) -> None:
        self.server = server
        self.openid = openid
        self.planted = planted
        self.heard: list[bytes] = []
        self.issued: list[bytes] = []
        self.upstream_told = b""
        self._environment = environment
        self._account = ""
        self._http = httpx2.Client(base_url=server.base_url, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        asyncio.run(self._make_keys())
        self.server.start()
        self._make_person()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self.server.stop()

    def live(self) -> None:
        """Do everything once."""
        cookie = self._sign_in()
        self._sign_in_elsewhere()
        self._store_keys()
        self._requests()
        self._wrong_credentials()
        self._invite()
        self._administer()
        for path in LOOKS:
            self._call("GET", path, self._key("admin"))
        for page in PAGES:
            self.heard += page_frames(self.server.port, cookie, page)

    def crash(self) -> None:
        """Take a table away that an administrator asks for: a bug of ours, as far as the server can tell."""
        with closing(sqlite3.connect(self.server.folder / "signalbox.db")) as store, store:
            store.execute("DROP TABLE alert_deliveries")
        answer = self._call("GET", "/api/admin/alerts/deliveries", self._key("admin"))
        assert answer.status_code in (500, 503)

    def places(self) -> dict[str, bytes]:
        """Return everything that a secret could have come to, by what it is."""
        folder = self.server.folder
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return {
            **found,
            "the log": self.server.log.read_bytes(),
            "answers and frames": b"\n".join(self.heard),
            "process list": _command_lines(self.server.pid),
        }

    # --- inside -------------------------------------------------------------------------------------------------

    async def _make_keys(self) -> None:
        """Make an account and two keys before the server is there."""
        runtime = await build(read_settings(self._environment | {"SIGNALBOX_DATA_DIR": str(self.server.folder)}))
        account = await create_account(runtime.accounts, runtime.clock, "acme", "UTC")
        self._account = account.id
        for role in KEY_ROLES:
            made = await issue_key(
                runtime.api_keys, runtime.pepper, runtime.clock, account_id=account.id, role=role, name=role
            )
            self.issued.append(self.planted.add(f"the {role} key", made.key.reveal()).encode())
        await runtime.close()

    def _make_person(self) -> None:
        """Make the owner by a command beside the running server; the password comes in by standard input."""
        words = ("users", "create", OWNER, "--role", "owner", "--data-dir", str(self.server.folder), "--json")
        done = run_command(*words, stdin=self.planted.one("a password") + "\n", **self._environment)
        assert done.returncode == 0, done.stderr
        self.heard.append(done.stderr.encode())
        self.issued.append(done.stdout.encode())

    def _key(self, role: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.planted.one(f'the {role} key')}"}

    def _call(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx2.Response:
        """Return an answer that must hold no secret."""
        answer = self._http.request(method, path, headers=headers, json=body)
        self.heard.append(_whole(answer))
        return answer

    def _sign_in(self) -> str:
        """Sign in, once wrongly; return the Cookie header of the session."""
        page = self._http.get("/auth/login")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf is not None
        form = {"email": OWNER, "csrf": csrf.group(1), "next": "/"}
        refused = self._http.post("/auth/login", data={**form, "password": self.planted.one("a wrong password")})
        self.heard.append(_whole(refused))
        signed = self._http.post("/auth/login", data={**form, "password": self.planted.one("a password")})
        assert signed.status_code == 303, signed.text
        self.issued.append(_whole(signed))
        token = self.planted.add("a session", signed.cookies["signalbox_session"])
        self._http.cookies.clear()
        return f"signalbox_session={token}"

    def _sign_in_elsewhere(self) -> None:
        """Sign in through the provider of identities."""
        self.openid.spoil = {"email": OWNER}
        begun = self._http.get("/auth/oidc/start")
        self.heard.append(_whole(begun))
        state, code = self.openid.agree(begun.headers["location"])
        signed = self._http.get("/auth/oidc/callback", params={"state": state, "code": code})
        assert signed.status_code == 303, signed.text
        self.issued.append(_whole(signed))
        self.planted.add("a session", signed.cookies["signalbox_session"])
        self._http.cookies.clear()

    def _store_keys(self) -> None:
        """Give the account a provider with a key of its own, and put another key in its place."""
        admin, keys = self._key("admin"), "/api/admin/providers/own-claude/keys"
        if self._http.get(keys, headers=admin).status_code == 404:
            found = self._call("GET", "/api/admin/providers/anthropic-claude-haiku-4-5", admin).json()
            own = {"id": "own-claude", "name": "own-claude", "accountId": self._account, "useCases": ["own"]}
            entry = {name: value for name, value in found.items() if name not in ("key", "version")}
            made = self._call("POST", "/api/admin/providers", admin, entry | own)
            assert made.status_code in (200, 201), made.text
        first, later = self.planted.secrets["a stored key"]
        stored = self._call("POST", keys, admin, {"key": first, "label": "the first"})
        assert stored.status_code == 201, stored.text
        self._fail_at("own-claude")
        changed = self._call("PUT", f"{keys}/{stored.json()['id']}", admin, {"key": later})
        assert changed.status_code == 200, changed.text
        self._fail_at("own-claude")

    def _fail_at(self, model: str) -> None:
        for failure in FAILURES:
            asked = {"prompt": failure, "maxTokens": 20, "modelOverride": model, "explain": True}
            self._call("POST", "/api/llm", self._key("service"), asked)

    def _requests(self) -> None:
        key, good = self._key("service"), {"prompt": "Say something", "maxTokens": 20}
        self._call("POST", "/api/llm", key, good)
        self._call("POST", "/api/llm", key, {**good, "stream": True})
        # What a model says is for its caller alone, who may hear their own words again.
        mentioned = {**good, "prompt": f"what is {self.planted.one('a key in a body')}"}
        assert self._http.post("/api/llm", headers=key, json=mentioned).status_code == 200
        self._call("POST", "/api/llm", key, {**good, "apiKey": self.planted.one("a key in a body")})
        self._call("POST", "/api/llm", key, {**good, "metadata": {"note": self.planted.one("a key in a body")}})
        self._call("GET", f"/api/llm/usage?key={self.planted.one('a key in a query')}", key)
        self._fail_at("anthropic-claude-haiku-4-5")
        self._call("POST", "/api/llm", key, {**good, "modelOverride": "claude-haiku-4-5", "stream": True})

    def _wrong_credentials(self) -> None:
        made_up = self.planted.one("a made-up key")
        self._call("POST", "/api/llm", {"authorization": f"Bearer {made_up}"}, {"prompt": "x"})
        self._call("GET", "/api/llm/usage", {"x-api-key": made_up})
        self._call("GET", f"/{made_up}", {})
        cookie = {"cookie": f"signalbox_session={self.planted.one('a made-up session')}"}
        self._call("GET", "/providers", cookie)
        self._call("GET", "/api/llm/usage", cookie)

    def _invite(self) -> None:
        """Make people and keys whose secrets are shown once, and have an invitation looked at."""
        admin, life = self._key("admin"), len(self.planted.secrets.get("a first password", ()))
        for first, what in (("password", "a first password"), ("link", "an invitation")):
            person = {"email": f"{first}-{life}@example.com", "role": "viewer", "accounts": [self._account]}
            made = self._http.post("/api/admin/users", headers=admin, json={**person, "firstAccess": first})
            assert made.status_code == 200, made.text
            self.issued.append(_whole(made))
            self.planted.add(what, made.json()[first].rpartition("/")[2])
            if first == "link":
                self.issued.append(_whole(self._http.get(made.json()["link"])))
        order = {"accountId": self._account, "role": "service", "name": f"over HTTP {life}"}
        made = self._http.post("/api/admin/keys", headers=admin, json=order)
        assert made.status_code in (200, 201), made.text
        self.issued.append(_whole(made))
        self.planted.add("a key made over HTTP", made.json()["key"])

    def _administer(self) -> None:
        admin = self._key("admin")
        order = {"kind": "webhook", "target": f"https://hooks.example.com/{canary('hook path')}"}
        made = self._http.post("/api/admin/alerts/channels", headers=admin, json=order)
        assert made.status_code == 200, made.text
        self.issued.append(_whole(made))
        self.planted.add("a webhook's secret", made.json()["secret"].removeprefix("whsec_"))
        self._call("POST", "/api/admin/alerts/channels", admin, {"kind": "email", "target": "ops@example.com"})
        for name in ("anthropic-claude-haiku-4-5", "openai-gpt4o"):
            self._call("POST", f"/api/admin/providers/{name}/test", admin, {})
        self._call("POST", "/api/admin/drills", admin, {"provider": "openai-gpt4o", "fault": "cut", "durationS": 1})
        reason = f"leaked {self.planted.one('a key in a body')}"
        self._call("POST", "/api/admin/breakers/openai-gpt4o/reset", admin, {"reason": reason})


def _whole(answer: httpx2.Response) -> bytes:
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
    return head.encode() + b"\n\n" + answer.content


def _command_lines(pid: int) -> bytes:
    """Return the command lines of a process and of all below it, as anybody on the machine may read them."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(Path(f"/proc/{each}/cmdline").read_bytes())
        waiting += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
    return b"\n".join(found)
