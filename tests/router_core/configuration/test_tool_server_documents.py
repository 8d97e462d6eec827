"""Tool servers in documents: read, checked, compared, with every fault by its place."""

from typing import Any

import pytest

from router_core.configuration.changes import changes_between
from router_core.configuration.checks import check_configuration
from router_core.configuration.documents import document_of
from router_core.configuration.reading import read_configuration
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.types import Configuration, ToolServer
from tests.support.core_fakes import standard_providers

RULE = UpstreamRule(allowed=("tools.example", "10.0.0.0/8"))
NOW = Configuration(providers=tuple(standard_providers()))
DOCS = ToolServer(url="https://tools.example/mcp", accounts=("acme",), use_cases=("*",))


def read(servers: Any, now: Configuration = NOW) -> tuple[Configuration | None, list[str]]:
    found, findings = read_configuration({"toolServers": servers}, now, lambda: "new")
    return found, [each.path for each in findings]


def faults(**servers: ToolServer) -> list[tuple[str, str]]:
    wanted = Configuration(providers=NOW.providers, tool_servers=servers)
    return [(each.path, each.severity) for each in check_configuration(wanted, {"acme"}, RULE) if "tool" in each.path]


def test_a_server_comes_back_from_its_document_as_it_went() -> None:
    wanted = Configuration(providers=NOW.providers, tool_servers={"docs": DOCS})
    found, paths = read(document_of(wanted)["toolServers"])
    assert paths == []
    assert found is not None
    assert found.tool_servers == {"docs": DOCS}


def test_a_section_that_is_left_out_stays_and_an_empty_one_has_none() -> None:
    now = Configuration(providers=NOW.providers, tool_servers={"docs": DOCS})
    found, _ = read_configuration({}, now, lambda: "new")
    assert found is not None
    assert found.tool_servers == {"docs": DOCS}
    found, _ = read({}, now)
    assert found is not None
    assert found.tool_servers == {}


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ({}, "toolServers[docs].url"),
        ({"url": "https://tools.example", "token": "x"}, "toolServers[docs].token"),
        ({"url": "https://tools.example", "command": "sh"}, "toolServers[docs].command"),
        ({"url": "https://tools.example", "timeoutS": 0}, "toolServers[docs].timeoutS"),
        ({"url": "https://tools.example", "accounts": "acme"}, "toolServers[docs].accounts"),
    ],
)
def test_what_is_no_server_is_refused_by_its_place(server: Any, path: str) -> None:
    assert read({"docs": server}) == (None, [path])


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/mcp", "http://127.0.0.1:1/mcp", "stdio:run", "file:///bin/sh",
        "https://user@tools.example/mcp", "https://tools.example/mcp?key=1", "https://api.openai.com/mcp",
    ],
)  # fmt: skip
def test_a_server_is_where_the_environment_allows_it_and_nowhere_else(url: str) -> None:
    docs = ToolServer(url=url, accounts=("*",), use_cases=("*",))
    assert faults(docs=docs) == [("toolServers[docs].url", "error")]


def test_accounts_use_cases_and_names_are_checked() -> None:
    assert faults(docs=DOCS) == []
    url = DOCS.url
    assert faults(docs=ToolServer(url=url, accounts=("nobody",), use_cases=("*",))) == [
        ("toolServers[docs].accounts", "error")
    ]
    assert faults(docs=ToolServer(url=url, accounts=("*",), use_cases=("a b",))) == [
        ("toolServers[docs].useCases", "error")
    ]
    assert faults(Do_cs=DOCS) == [("toolServers", "error")]
    assert faults(docs=ToolServer(url=url)) == [("toolServers[docs]", "warning")]


def test_nobody_may_use_a_server_until_it_says_so() -> None:
    assert not ToolServer(url=DOCS.url).serves("acme", "general")
    assert not ToolServer(url=DOCS.url, accounts=("*",)).serves("acme", "general")
    assert DOCS.serves("acme", "general")
    assert not DOCS.serves("other", "general")
    assert not DOCS.serves(None, "general")
    everybody = ToolServer(url=DOCS.url, accounts=("*",), use_cases=("general",))
    assert everybody.serves(None, "general")
    assert not everybody.serves("acme", "draft")


def test_changes_name_the_server() -> None:
    old = {"toolServers": {"docs": {"url": "a"}}}
    new = {"toolServers": {"docs": {"url": "b"}, "more": {"url": "c"}}}
    assert [(each.kind, each.path) for each in changes_between(old, new)] == [
        ("changed", "toolServers[docs].url"), ("added", "toolServers[more]"),
    ]  # fmt: skip
