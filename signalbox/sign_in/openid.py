"""Who somebody is, said by an OpenID Connect provider: code flow with state, nonce and PKCE, every claim checked."""

import base64
import hashlib
import hmac
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from router_core.clock import Clock
from router_core.egress.connector import open_session
from router_core.egress.fence import Fence
from router_core.egress.fetching import fetch
from router_core.egress.places import Egress
from router_core.types import Secret

__all__ = ["OpenIdPerson", "OpenIdPolicy", "OpenIdProvider", "OpenIdRefused", "OpenIdUnavailable"]

# Signatures that only the provider can make; none at all and those that we could make ourselves are not among them.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_LEEWAY_S: Final = 60
_FRESH_S: Final = 3600.0
_LEAST_PAUSE_S: Final = 60.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_MOST_USED: Final = 10_000
_MOST_SUBJECT: Final = 255


class OpenIdRefused(Exception):
    """What the provider or the browser says does not show who somebody is; the message is for the log."""


class OpenIdUnavailable(Exception):
    """The provider does not answer as one."""


class OpenIdPerson(NamedTuple):
    """Whom the provider vouches for: a verified address, and its issuer and subject with a blank between them."""

    email: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdPolicy:
    """Which provider is believed, and who we are to it. ``scopes`` are separated by blanks."""

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    scopes: str = "openid email"


class _Provider(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class OpenIdProvider:
    """One provider. ``seed`` is a secret of the browser's attempt: state, nonce and verifier all follow from it."""

    def __init__(self, policy: OpenIdPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        # The issuer is trusted as given, inside our own network too; what it names besides must be public.
        self._egress = Egress(Fence([urlsplit(policy.issuer).hostname or ""]))
        self._known: tuple[float, _Provider, KeySet] | None = None
        self._used: OrderedDict[str, None] = OrderedDict()

    async def begin(self, seed: str, redirect: str) -> str:
        """Return the address that the browser is sent to. Raises :class:`OpenIdUnavailable`."""
        provider, _ = await self._provider()
        challenge = _plain(hashlib.sha256(_derived(seed, "verifier").encode()).digest())
        query = urlencode(
            {
                "response_type": "code", "client_id": self._policy.client_id, "redirect_uri": redirect,
                "scope": self._policy.scopes, "state": _derived(seed, "state"), "nonce": _derived(seed, "nonce"),
                "code_challenge": challenge, "code_challenge_method": "S256",
            }
        )  # fmt: skip
        mark = "&" if urlsplit(provider.authorization_endpoint).query else "?"
        return f"{provider.authorization_endpoint}{mark}{query}"

    async def finish(self, seed: str, state: str, code: str, redirect: str) -> OpenIdPerson:
        """Return whoever came back, whose e-mail address is verified; each attempt counts once.

        A token under a key that is not known has the provider's keys read again, once a minute at most.

        Raises :class:`OpenIdRefused` and :class:`OpenIdUnavailable`.
        """
        expected = _derived(seed, "state")
        if not hmac.compare_digest(expected.encode(), state.encode()):
            raise OpenIdRefused("the state is not that of this browser")
        if expected in self._used:
            raise OpenIdRefused("the state was used before")
        self._used[expected] = None
        if len(self._used) > _MOST_USED:
            self._used.popitem(last=False)
        provider, keys = await self._provider()
        token = await self._exchange(provider, code, _derived(seed, "verifier"), redirect)
        nonce = _derived(seed, "nonce")
        try:
            return self._checked(token, keys, nonce)
        except InvalidKeyIdError:
            _, keys = await self._provider(_LEAST_PAUSE_S)
        try:
            return self._checked(token, keys, nonce)
        except InvalidKeyIdError:
            raise OpenIdRefused("the identity token is signed with a key that the provider does not name") from None

    # --- inside ----------------------------------------------------------------------------------------------------

    def _checked(self, token: str, keys: KeySet, nonce: str) -> OpenIdPerson:
        """Raises :class:`InvalidKeyIdError` and :class:`OpenIdRefused`."""
        try:
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        except InvalidKeyIdError:
            raise
        except (JoseError, ValueError) as error:
            raise OpenIdRefused(f"the identity token is not signed by the provider: {type(error).__name__}") from None
        audience, now = claims.get("aud"), self._clock.utcnow().timestamp()
        audiences = audience if isinstance(audience, list) else [audience]
        party = claims.get("azp", self._policy.client_id if len(audiences) == 1 else None)
        if claims.get("iss") != self._policy.issuer:
            raise OpenIdRefused("the identity token is of another issuer")
        if self._policy.client_id not in audiences or party != self._policy.client_id:
            raise OpenIdRefused("the identity token is for another audience")
        if not _is_before(now - _LEEWAY_S, claims.get("exp")) or not _is_before(claims.get("iat"), now + _LEEWAY_S):
            raise OpenIdRefused("the identity token is out of date")
        if not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
            raise OpenIdRefused("the identity token is of another attempt")
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise OpenIdRefused("the e-mail address is not verified")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT or not subject.isprintable():
            raise OpenIdRefused("the identity token names no subject")
        return OpenIdPerson(email, f"{self._policy.issuer} {subject}")

    async def _exchange(self, provider: _Provider, code: str, verifier: str, redirect: str) -> str:
        policy, headers = self._policy, {"Content-Type": "application/x-www-form-urlencoded"}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        if policy.client_secret is None:
            form["client_id"] = policy.client_id
        elif "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            pair = f"{quote(policy.client_id, safe='')}:{quote(policy.client_secret.reveal(), safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": policy.client_id, "client_secret": policy.client_secret.reveal()}
        status, body = await self._ask("POST", provider.token_endpoint, headers, urlencode(form).encode())
        if status != 200:
            raise OpenIdRefused("the provider does not take the code")
        try:
            return msgspec.json.decode(body, type=_Tokens).id_token
        except msgspec.DecodeError:
            raise OpenIdUnavailable("the provider gives no identity token") from None

    async def _provider(self, fresh_s: float = _FRESH_S) -> tuple[_Provider, KeySet]:
        """Return the provider's description and keys, read again after ``fresh_s`` seconds."""
        now = self._clock.now()
        if self._known is not None and now - self._known[0] < fresh_s:
            return self._known[1:]
        issuer = self._policy.issuer
        try:
            found = msgspec.json.decode(
                await self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration"), type=_Provider
            )
            keys = KeySet.import_key_set(json.loads(await self._document(found.jwks_uri)))
        except (msgspec.DecodeError, JoseError, ValueError, KeyError, TypeError):
            raise OpenIdUnavailable("the provider describes itself in no way that can be read") from None
        if found.issuer != issuer:
            raise OpenIdUnavailable("the provider is another issuer than the one configured")
        self._known = (now, found, keys)
        return found, keys

    async def _document(self, url: str) -> bytes:
        status, body = await self._ask("GET", url, {"Accept": "application/json"}, None)
        if status != 200:
            raise OpenIdUnavailable("the provider does not answer as one")
        return body

    async def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        if urlsplit(url).scheme != urlsplit(self._policy.issuer).scheme:
            raise OpenIdUnavailable("the provider names an address without encryption")
        try:
            async with open_session(self._egress, timeout=_TIMEOUT) as session:
                answer = await fetch(session, method, url, headers=headers, body=body)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise OpenIdUnavailable(f"the provider cannot be reached: {type(error).__name__}") from None
        return answer.status, answer.body


def _derived(seed: str, purpose: str) -> str:
    return _plain(hmac.new(seed.encode(), f"openid {purpose}".encode(), hashlib.sha256).digest())


def _plain(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_before(one: Any, other: Any) -> bool:
    is_number = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
    return is_number and one < other
