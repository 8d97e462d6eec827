"""The facade of tool servers: tokens go in and never come out, and whoever does it is on record."""

import pytest
from msgspec import structs

from router_core.configuration.documents import configuration_of
from router_core.errors import ForbiddenError, NotFoundError, ValidationError
from router_core.types import NOBODY, Principal, Role, Secret, ToolServer
from tests.support.configuration_desk import DeskRig, configuration_desk

TOKEN = Secret("token-0123456789abcdefWXYZ")
DOCS = ToolServer(url="https://tools.example/mcp")


def person(role: Role = "admin") -> Principal:
    return Principal(kind="person", id="u1", name="ada", role=role, accounts=())


async def desk_with(server: ToolServer = DOCS) -> DeskRig:
    desk = configuration_desk(allowed=("tools.example",))
    now = configuration_of(desk.store.snapshot())
    await desk.store.apply(structs.replace(now, tool_servers={"docs": server}), 1, NOBODY)
    return desk


async def test_a_token_is_sealed_masked_and_on_record() -> None:
    desk = await desk_with()
    view = await desk.tools.put_token("docs", TOKEN, person())
    assert (view.name, view.token, view.token_fits) == ("docs", "token...WXYZ", True)
    stored = desk.store.snapshot().tool_tokens["docs"]
    assert TOKEN.reveal().encode() not in stored.secret.sealed
    assert (stored.secret.place, stored.changed_by) == ("https://tools.example:443", "ada")
    act = desk.log.taken[-1]
    assert (act.action, act.target, act.after) == (
        "tool_token.set", "docs", {"mask": "token...WXYZ", "place": "https://tools.example:443"},
    )  # fmt: skip


async def test_a_token_that_is_forgotten_is_gone() -> None:
    desk = await desk_with()
    await desk.tools.put_token("docs", TOKEN, person())
    assert (await desk.tools.remove_token("docs", person())).token is None
    assert desk.log.taken[-1].action == "tool_token.deleted"
    with pytest.raises(NotFoundError):
        await desk.tools.remove_token("docs", person())


async def test_a_server_that_moved_keeps_its_token_and_does_not_get_it() -> None:
    desk = await desk_with()
    await desk.tools.put_token("docs", TOKEN, person())
    now = configuration_of(desk.store.snapshot())
    moved = structs.replace(DOCS, url="http://tools.example/mcp")
    await desk.store.apply(structs.replace(now, tool_servers={"docs": moved}), 3, NOBODY)
    (view,) = await desk.tools.servers(person())
    assert (view.token, view.token_fits) == ("token...WXYZ", False)


@pytest.mark.parametrize("text", ["", "two words of a token", "sbx_0123456789abcdef"])
async def test_what_is_no_token_is_refused_without_an_echo(text: str) -> None:
    desk = await desk_with()
    with pytest.raises(ValidationError) as caught:
        await desk.tools.put_token("docs", Secret(text), person())
    assert caught.value.field == "key"
    assert not text or text not in str(caught.value)


async def test_only_those_who_may_edit_keys_reach_tokens_and_only_of_servers_that_exist() -> None:
    desk = await desk_with()
    with pytest.raises(ForbiddenError):
        await desk.tools.put_token("docs", TOKEN, person("operator"))
    with pytest.raises(ForbiddenError):
        await desk.tools.servers(person("viewer"))
    with pytest.raises(NotFoundError):
        await desk.tools.put_token("elsewhere", TOKEN, person())
