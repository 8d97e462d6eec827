"""Every place in the product that opens a connection, and what guards it: a new one has to be entered here."""

import ast
import re
from typing import Final

import pytest

from tests.support.source_tree import PRODUCT, named, sources

# What makes a connection, called or inherited from, by the library that it is from.
_MAKERS: Final = {
    "aiohttp": {"ClientSession", "TCPConnector", "UnixConnector", "request"},
    "httpx2": {"AsyncClient", "Client", "AsyncHTTPTransport", "HTTPTransport", "get", "post", "request", "stream"},
    "requests": {"Session", "get", "post", "request"},
    "urllib": {"urlopen", "build_opener", "urlretrieve"},
    "urllib3": {"PoolManager", "request"},
    "http": {"HTTPConnection", "HTTPSConnection"},
    "socket": {"create_connection"},
    "asyncio": {"open_connection", "open_unix_connection"},
    "smtplib": {"SMTP", "SMTP_SSL", "LMTP"},
    "websockets": {"connect"},
    "redis": {"Redis", "from_url", "ConnectionPool", "BlockingConnectionPool"},
    "sqlalchemy": {"create_engine"},
    "psycopg": {"connect"},
    "adbc_driver_postgresql": {"connect"},
    "authlib": {"AsyncOAuth2Client", "OAuth2Client", "OAuth2Session", "OAuth"},
    "mcp": {"streamable_http_client", "stdio_client", "sse_client", "create_mcp_http_client"},
    "router_core": {"open_session"},
}

GUARD = "is the guard"
GUARDED = "goes through the guard"
OVER_GUARDED = "is handed a transport that goes through the guard"
OWN = "goes from this program to this program on one machine"
SETTINGS = "goes where the environment or the command line says, with nothing of a request in it"

WAYS_OUT: Final = {
    "router_core/egress/connector.py": GUARD,
    "router_core/providers/transport.py": GUARDED,  # calls, checks and connection tests
    "router_core/alerts/webhook.py": GUARDED,
    "router_core/mcp_servers/transport.py": GUARDED,
    "router_core/mcp_servers/link.py": OVER_GUARDED,  # the official client, over the transport beside it
    "signalbox/sign_in/openid.py": GUARDED,
    "signalbox/workload/http_target.py": GUARDED,
    "router_core/alerts/mail.py": SETTINGS,
    "router_core/telemetry/direct_session.py": SETTINGS,
    "router_core/redis_link.py": SETTINGS,
    "db/engine.py": SETTINGS,
    "db/queries/audit_export.py": SETTINGS,
    "db/peeking.py": SETTINGS,
    "signalbox/serve/child.py": OWN,
    "signalbox/commands/operator_client.py": SETTINGS,
    "console/remote/link.py": SETTINGS,
    "router_core/client/asynchronous.py": SETTINGS,
    "router_core/client/synchronous.py": SETTINGS,
}


# What none of our clients may be told.
_LAX: Final = re.compile(
    r"(?:follow_redirects|allow_redirects|trust_env)\s*=\s*(?!False\b)\w|CERT_NONE|_create_unverified_context|"
    r"(?:verify|ssl|verify_ssl|check_hostname)\s*=\s*False"
)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return the text of every file of the product that could open a connection."""
    library = re.compile(rf"\b(?:{'|'.join(_MAKERS)})\b")
    found = {named(path): path.read_text("utf-8") for path in sources(*PRODUCT, "pages")}
    return {name: text for name, text in found.items() if library.search(text) and not name.startswith("simulator/")}


@pytest.fixture(scope="module")
def opened(texts: dict[str, str]) -> dict[str, set[str]]:
    """Return the makers that each file calls or inherits from, where there are any."""
    return {name: makers for name, text in texts.items() if (makers := _opens(text))}


def test_every_way_out_is_guarded_or_leads_where_the_environment_says(opened: dict[str, set[str]]) -> None:
    assert set(opened) == set(WAYS_OUT)


def test_what_goes_through_the_guard_makes_no_connection_by_itself(opened: dict[str, set[str]]) -> None:
    guarded = [name for name, how in WAYS_OUT.items() if how == GUARDED]
    assert guarded
    for name in guarded:
        # The SDKs' client is dressed up as one of httpx2, and connects through the session of its pool.
        assert opened[name] - {"httpx2.AsyncClient"} == {"router_core.egress.connector.open_session"}, name


def test_the_client_of_tool_servers_speaks_http_over_what_it_is_handed_and_starts_no_program(
    texts: dict[str, str],
) -> None:
    over = [name for name, how in WAYS_OUT.items() if how == OVER_GUARDED]
    assert over
    for name in over:
        assert _opens(texts[name]) == {"httpx2.AsyncClient", "mcp.client.streamable_http.streamable_http_client"}, name
        assert "transport=self._transport" in texts[name]


def test_no_client_follows_redirects_asks_for_proxies_or_trusts_every_certificate(texts: dict[str, str]) -> None:
    assert {name: found for name, text in texts.items() if (found := _LAX.findall(text))} == {}


def _opens(text: str) -> set[str]:
    """Return the makers of connections that are called or inherited from."""
    if not any(library in text and any(word in text for word in words) for library, words in _MAKERS.items()):
        return set()
    tree, origin = ast.parse(text), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            origin |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            origin |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    parents = [base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
    named_parts = (part for part in (*calls, *parents) if isinstance(part, ast.Name | ast.Attribute))
    return {whole for part in named_parts if _is_maker(whole := _whole(part, origin))}


def _whole(part: ast.expr, origin: dict[str, str]) -> str:
    """Return the dotted name that ``part`` stands for."""
    words: list[str] = []
    while isinstance(part, ast.Attribute):
        words.insert(0, part.attr)
        part = part.value
    return ".".join([origin.get(part.id, "?") if isinstance(part, ast.Name) else "?", *words])


def _is_maker(whole: str) -> bool:
    library, _, rest = whole.partition(".")
    return any(word in _MAKERS.get(library, ()) for word in rest.split(".")[-2:])
