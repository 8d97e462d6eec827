"""Why a provider could not be reached, in plain words and without its host; TLS is never given up."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from router_core.clock import SystemClock
from router_core.errors import LLMError, NetworkError
from router_core.providers.registry import AdapterRegistry
from router_core.types import CallTimeouts, LLMRequest, ProviderCall, Secret
from tests.support.core_fakes import provider
from tests.support.loopback import LOOPBACK
from tests.support.ports import free_port


async def fault_at(base_url: str) -> LLMError:
    """Return what a call to ``base_url`` ends in."""
    registry = AdapterRegistry(clock=SystemClock(), egress=LOOPBACK)
    call = ProviderCall(
        request=LLMRequest(prompt="x"), provider=provider("a", base_url=base_url), key=Secret("sk-test-0000"),
        max_tokens=1, timeouts=CallTimeouts(connect=3, first_token=5, idle=5, total=5),
    )  # fmt: skip
    try:
        adapter = await registry.adapter("openai")
        with pytest.raises(LLMError) as caught:
            await adapter.complete(call)
    finally:
        await registry.close()
    return caught.value


@asynccontextmanager
async def tls_server(folder: Path, *, days: int) -> AsyncIterator[int]:
    """Serve TLS on loopback with a certificate that nobody signed; in the past when ``days`` is negative."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    seen: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
    assert seen in ([], [b""]), "plain text or a request reached a peer that was not trusted"


async def test_a_refused_connection_says_so() -> None:
    error = await fault_at(f"http://127.0.0.1:{free_port()}/v1")
    assert isinstance(error, NetworkError)
    assert error.message == "The provider refused the connection"


async def test_a_host_that_nobody_knows_says_so_without_its_name() -> None:
    error = await fault_at("https://no-such-host.invalid/v1")
    assert isinstance(error, NetworkError)
    assert error.message == "The provider's host name was not found"


@pytest.mark.parametrize("days", [30, -1])
async def test_a_certificate_that_is_not_trusted_ends_the_call(tmp_path: Path, days: int) -> None:
    async with tls_server(tmp_path, days=days) as port:
        error = await fault_at(f"https://127.0.0.1:{port}/v1")
    assert isinstance(error, NetworkError)
    assert error.message == "TLS with the provider failed: its certificate or protocol was not accepted"
    assert "127.0.0.1" not in error.message


async def test_a_peer_that_speaks_no_tls_ends_the_call() -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(50)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        error = await fault_at(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    assert isinstance(error, NetworkError)
