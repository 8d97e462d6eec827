"""A small OpenID Connect provider on loopback: its endpoints over HTTP, and what a person does there by call."""

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.api_server import serving

__all__ = ["CLIENT", "SECRET", "OpenIdServer", "openid_server"]

CLIENT, SECRET = "signalbox", "a client secret"


@dataclass
class OpenIdServer:
    """``spoil`` changes claims of tokens, ``unsigned`` leaves out the signature; ``read`` counts readings of keys."""

    issuer: str = ""
    secret: str = SECRET
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}))
    signing: RSAKey | None = None
    spoil: dict[str, Any] = field(default_factory=dict)
    unsigned: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    read: int = 0

    def agree(self, address: str) -> tuple[str, str]:
        """Do what a person does who signs in and agrees; return state and code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return asked["state"], code

    def claims(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        good = {
            "iss": self.issuer, "aud": CLIENT, "sub": "u1", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "email": "Ada@Example.com", "email_verified": True,
        }  # fmt: skip
        return {**good, **self.spoil}

    async def describe(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            }
        )  # fmt: skip

    async def keys(self, _: Request) -> Response:
        self.read += 1
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"], None)
        pair = base64.b64encode(f"{CLIENT}:{quote(self.secret)}".encode()).decode()
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or request.headers.get("authorization") != f"Basic {pair}":
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        if asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        self.taken.append(form["code"])
        return JSONResponse({"id_token": self._signed(self.claims(asked)), "token_type": "Bearer"})

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self.signing or self.key
        good = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
        if not self.unsigned:
            return good
        header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
        return f"{header}.{good.split('.')[1]}."


@contextmanager
def openid_server(secret: str = SECRET) -> Iterator[OpenIdServer]:
    """Run a provider on a free port of 127.0.0.1 until the block ends."""
    made = OpenIdServer(secret=secret)
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", made.describe), Route("/keys", made.keys),
            Route("/token", made.token, methods=["POST"]),
        ]
    )  # fmt: skip
    with serving(app) as port:
        made.issuer = f"http://127.0.0.1:{port}"
        yield made
