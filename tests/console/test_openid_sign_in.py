"""Signing in with an OpenID Connect provider, against a real one on loopback."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.testclient import TestClient

from router_core.clock import SystemClock
from router_core.types import Secret
from signalbox.sign_in.door import SignedIn, SignInRefused
from signalbox.sign_in.openid import OpenIdPerson, OpenIdPolicy, OpenIdProvider
from signalbox.sign_in.openid_routes import OpenId, openid_routes
from signalbox.sign_in.routes import peer_address
from tests.support.openid_server import CLIENT, SECRET, OpenIdServer, openid_server


@pytest.fixture(scope="module")
def shared() -> Iterator[OpenIdServer]:
    with openid_server() as made:
        yield made


@pytest.fixture
def server(shared: OpenIdServer) -> OpenIdServer:
    shared.spoil, shared.unsigned, shared.signing = {}, False, None
    return shared


class Desk:
    """Knows one person."""

    def __init__(self) -> None:
        self.admitted: list[str] = []
        self.identities: list[str] = []

    async def admit(self, shown: OpenIdPerson, address: str, browser: str) -> SignedIn:
        if shown.email.lower() != "ada@example.com":
            raise SignInRefused
        self.admitted.append(shown.email)
        self.identities.append(shown.identity)
        return SignedIn("a-token-of-our-own")


class Clock(SystemClock):
    """The machine's clock, some seconds ahead of itself in what passes."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


class World:
    """The pages over the provider, and a browser."""

    def __init__(self, server: OpenIdServer, public_url: str | None = None) -> None:
        self.clock = Clock()
        policy = OpenIdPolicy(issuer=server.issuer, client_id=CLIENT, client_secret=Secret(SECRET))
        openid, self.desk, self.server = OpenId(OpenIdProvider(policy, self.clock), public_url), Desk(), server
        app = Starlette(routes=openid_routes(lambda: openid, self.desk, peer_address))
        self.browser = TestClient(app, follow_redirects=False)

    def start(self, wanted: str = "/live?live_window=1h") -> str:
        answer = self.browser.get("/auth/oidc/start", params={"next": wanted})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def back(self, state: str, code: str) -> httpx2.Response:
        return self.browser.get("/auth/oidc/callback", params={"state": state, "code": code})


@pytest.fixture
def world(server: OpenIdServer) -> World:
    return World(server)


def test_who_comes_back_with_a_verified_address_gets_a_session_of_our_own_on_the_page_they_wanted(
    world: World, server: OpenIdServer
) -> None:
    there = world.start()
    assert there.startswith(f"{server.issuer}/authorize?")
    answer = world.back(*server.agree(there))
    assert (answer.status_code, answer.headers["location"]) == (303, "/live?live_window=1h")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("signalbox_session="))
    assert "a-token-of-our-own" in cookie
    assert world.desk.admitted == ["Ada@Example.com"]
    assert world.desk.identities == [f"{server.issuer} u1"]


SPOILT: list[tuple[str, dict[str, Any]]] = [
    ("another nonce", {"nonce": "another"}),
    ("no nonce", {"nonce": None}),
    ("another audience", {"aud": "somebody else"}),
    ("one audience too many for another party", {"aud": [CLIENT, "other"], "azp": "other"}),
    ("one audience too many for nobody in particular", {"aud": [CLIENT, "other"]}),
    ("no subject", {"sub": None}),
    ("an empty subject", {"sub": ""}),
    ("a subject that is no text", {"sub": 7}),
    ("a subject on two lines", {"sub": "u1\nu2"}),
    ("another issuer", {"iss": "https://elsewhere.example"}),
    ("an address that is not verified", {"email_verified": False}),
    ("an address that is verified in words", {"email_verified": "true"}),
    ("no address", {"email": None}),
    ("a token that is over", {"exp": time.time() - 3600}),
    ("a token without an end", {"exp": None}),
    ("a token of tomorrow", {"iat": time.time() + 86_400}),
    ("a person nobody knows", {"email": "stranger@example.com"}),
]


@pytest.mark.parametrize("spoil", [spoil for _, spoil in SPOILT], ids=[name for name, _ in SPOILT])
def test_a_token_that_shows_something_else_signs_nobody_in(
    world: World, server: OpenIdServer, spoil: dict[str, Any]
) -> None:
    server.spoil = spoil
    answer = world.back(*server.agree(world.start()))
    assert answer.status_code == 403
    assert "signalbox_session" not in world.browser.cookies
    assert world.desk.admitted == []


def test_a_token_without_a_signature_or_signed_by_another_signs_nobody_in(world: World, server: OpenIdServer) -> None:
    server.unsigned = True
    assert world.back(*server.agree(world.start())).status_code == 403
    server.unsigned, server.signing = False, RSAKey.generate_key(2048, {"kid": "one"})
    assert world.back(*server.agree(world.start())).status_code == 403
    assert world.desk.admitted == []


def test_a_new_key_of_the_provider_is_read_once_it_is_used_and_once_a_minute_at_most() -> None:
    with openid_server() as server:
        world = World(server)
        assert world.back(*server.agree(world.start())).status_code == 303
        server.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
        assert world.back(*server.agree(world.start())).status_code == 403
        assert server.read == 1
        world.clock.ahead += 61
        assert world.back(*server.agree(world.start())).status_code == 303
        server.signing = RSAKey.generate_key(2048, {"kid": "three"})
        for _ in range(3):
            assert world.back(*server.agree(world.start())).status_code == 403
        assert server.read == 2


def test_a_state_is_good_once_and_only_in_the_browser_that_it_was_made_for(world: World, server: OpenIdServer) -> None:
    state, code = server.agree(world.start())
    cookie = world.browser.cookies["signalbox_openid"]
    other = World(server)
    assert other.back(state, code).status_code == 400
    other.start()
    assert other.back(state, code).status_code == 403
    assert world.back("another", code).status_code == 403
    assert world.back(state, code).status_code == 303
    world.browser.cookies.set("signalbox_openid", cookie, path="/auth/oidc")
    assert world.back(state, code).status_code in (400, 403)
    assert world.desk.admitted == ["Ada@Example.com"]


def test_a_code_that_is_not_the_providers_signs_nobody_in(world: World, server: OpenIdServer) -> None:
    state, _ = server.agree(world.start())
    assert world.back(state, "made up").status_code == 403


def test_behind_a_proxy_the_way_back_is_the_public_address(server: OpenIdServer) -> None:
    there = World(server, "https://box.example.com/").start()
    assert "redirect_uri=https%3A%2F%2Fbox.example.com%2Fauth%2Foidc%2Fcallback" in there


def test_a_provider_that_does_not_answer_is_said_to_be_away() -> None:
    world = World(OpenIdServer(issuer="http://127.0.0.1:9"))
    answer = world.browser.get("/auth/oidc/start")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_nobody_is_sent_to_another_site_afterwards(world: World, server: OpenIdServer) -> None:
    there = world.start("https://evil.example/")
    assert world.back(*server.agree(there)).headers["location"] == "/"
