"""The contract of where tokens of tool servers are kept, and of servers as part of the configuration."""

import pytest
from msgspec import structs

from router_core.configuration.documents import configuration_of
from router_core.errors import NotFoundError
from router_core.types import NOBODY, ToolServer, ToolToken
from tests.support.provider_key_rows import sealed_secret
from tests.support.store_kinds import NOW, Stores, later


def token(server: str, id: str = "t1") -> ToolToken:
    secret = sealed_secret(place="https://tools.example:443")
    return ToolToken(id=id, server=server, secret=secret, changed_by="ada", changed_at=NOW)


async def test_a_token_is_read_with_the_configuration_and_replaced_whole(stores: Stores) -> None:
    assert (await stores.config.load()).tool_tokens == {}
    first = token("docs")
    assert await stores.tool_tokens.put_token(first) == 2
    assert (await stores.config.load()).tool_tokens == {"docs": first}
    second = structs.replace(token("docs", "t2"), changed_by="grace", changed_at=later(60))
    assert await stores.tool_tokens.put_token(second) == 3
    assert (await stores.config.load()).tool_tokens == {"docs": second}
    assert len(await stores.versions.page(None, 10)) == 1, "tokens are part of no version"


async def test_a_token_that_is_forgotten_is_gone(stores: Stores) -> None:
    await stores.tool_tokens.put_token(token("docs"))
    assert await stores.tool_tokens.remove_token("docs") == 3
    assert (await stores.config.load()).tool_tokens == {}
    with pytest.raises(NotFoundError):
        await stores.tool_tokens.remove_token("docs")


async def test_servers_are_part_of_the_configuration_and_of_its_versions(stores: Stores) -> None:
    docs = ToolServer(url="https://tools.example/mcp", accounts=("*",), use_cases=("general",), timeout_s=5.0)
    bare = ToolServer(url="https://bare.example/mcp", tools=("look",), is_active=False)
    now = configuration_of(await stores.config.load())
    wanted = structs.replace(now, tool_servers={"docs": docs, "bare": bare})
    revision = await stores.versions.apply(wanted, 1, NOBODY)
    assert (await stores.config.load()).tool_servers == {"docs": docs, "bare": bare}
    version = await stores.versions.find()
    assert version is not None
    assert version.document["toolServers"]["docs"]["useCases"] == ["general"]
    await stores.versions.apply(now, revision, NOBODY)
    assert (await stores.config.load()).tool_servers == {}
