"""The description for people: everything in it, nothing from elsewhere, and nothing that breaks out of its place."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import httpx2
import pytest

from router_core.api.app import PATHS
from router_core.api.openapi import openapi_document
from router_core.api.reference.examples import curl
from router_core.api.reference.markup import Markup, prose, tag
from router_core.api.reference.schemas import fields_table, limits, type_words
from tests.support.api_server import ApiRig


class Reader(HTMLParser):
    """Collects what a page links to, what it can be linked by, and whatever else it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.styled: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links |= {given["href"] or ""} if "href" in given else set()
        self.targets += [given["id"] or ""] if "id" in given else []
        self.loaded += [name for name in given if name in ("src", "srcset", "action", "data")]
        self.styled += [name for name in given if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def answer(http: httpx2.Client, rig: ApiRig) -> httpx2.Response:
    return http.get("/api/docs")


def test_the_page_is_open_to_anybody_and_says_so_in_its_headers(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["x-request-id"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json"])
def test_what_anybody_may_ask_for_is_written_and_compressed_once(path: str, http: httpx2.Client, rig: ApiRig) -> None:
    plain = http.get(path, headers={"accept-encoding": "identity"})
    small = http.get(path, headers={"accept-encoding": "gzip"})
    assert (plain.headers["vary"], small.headers["vary"]) == ("accept-encoding", "accept-encoding")
    assert "content-encoding" not in plain.headers
    assert (small.headers["content-encoding"], small.text) == ("gzip", plain.text)
    assert int(small.headers["content-length"]) * 5 < int(plain.headers["content-length"]) == len(plain.content)


def test_it_loads_nothing_and_runs_nothing_but_what_its_policy_names(answer: httpx2.Response) -> None:
    reader = Reader(answer.text)
    assert (reader.loaded, reader.styled) == ([], [])
    assert {link for link in reader.links if not link.startswith("#")} == {"/api/openapi.json"}
    policy = answer.headers["content-security-policy"]
    inline = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", answer.text, re.DOTALL)
    assert len(inline) == 2
    for each in inline:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy
    assert "//" not in policy


def test_every_operation_and_every_type_has_its_place_and_every_link_leads_to_one(answer: httpx2.Response) -> None:
    reader, document = Reader(answer.text), openapi_document()
    assert len(set(reader.targets)) == len(reader.targets)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.targets)
    names = {operation["operationId"] for found in document["paths"].values() for operation in found.values()}
    assert names | {f"type-{name}" for name in document["components"]["schemas"]} <= set(reader.targets)
    text = "".join(reader.words)
    assert all(path in text for path in PATHS)


def test_fields_have_types_limits_and_defaults() -> None:
    table = fields_table(
        {
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 9, "description": "What `it` is."},
                "size": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": 7},
            },
        }
    )
    assert "required" in table.split("size")[0]
    assert "1 to 9 characters" in table
    assert "<code>it</code>" in table
    assert "whole number or null" in table
    assert "at least 1; default 7" in table


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array", "items": {"$ref": "#/components/schemas/Cost"}}, 'list of <a href="#type-Cost">Cost</a>'),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map to whole number"),
        ({"enum": ["a", "b"]}, "<code>a</code> or <code>b</code>"),
        ({"const": False}, "<code>false</code>"),
        ({"type": "string", "format": "date-time"}, "instant"),
        ({"type": ["string", "null"]}, "text or null"),
        ({"anyOf": [{"type": "integer"}, {"type": "integer"}]}, "whole number"),
        ({}, "any JSON"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({"type": "object", "properties": {"a": {}, "b": {}}}, "object with <code>a</code>, <code>b</code>"),
    ],
)
def test_types_are_said_in_words(schema: dict[str, object], words: str) -> None:
    assert type_words(schema) == words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minimum": 0, "maximum": 2.0}, ["0 to 2"]),
        ({"maxLength": 20_000}, ["at most 20,000 characters"]),
        ({"minLength": 1}, ["not empty"]),
        ({"exclusiveMinimum": 0.5, "pattern": "^a$"}, ["above 0.5", "matches ^a$"]),
        ({}, []),
    ],
)
def test_limits_are_said_in_words(schema: dict[str, object], words: list[str]) -> None:
    assert limits(schema) == words


def test_nothing_that_is_put_in_can_break_out() -> None:
    assert tag("p", "<b>&", title='"><script>') == '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;</p>'
    assert prose("**<i>** and `<script>`") == ("<p><strong>&lt;i&gt;</strong> and <code>&lt;script&gt;</code></p>")
    assert prose("- one\n- `two`") == "<ul><li>one</li><li><code>two</code></li></ul>"
    assert tag("p", Markup("<b>")) == "<p><b></p>"


def test_an_example_is_a_command_that_a_shell_takes_as_it_is() -> None:
    operation = {
        "parameters": [{"name": "version", "in": "query", "required": True, "schema": {"type": "integer"}}],
        "requestBody": {"content": {"application/json": {"schema": {"examples": [{"note": "it's"}]}}}},
    }
    assert curl("put", "/api/x/{id}", operation, {}) == (
        'curl -X PUT "$SIGNALBOX_URL/api/x/ID?version=VERSION" \\\n'
        '  -H "Authorization: Bearer $SIGNALBOX_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        "  -d '{\"note\": \"it'\\''s\"}'"
    )
    assert curl("get", "/livez", {"security": []}, {}) == 'curl "$SIGNALBOX_URL/livez"'


def test_answers_of_one_shape_are_shown_once_and_errors_link_to_where_they_are_explained(
    answer: httpx2.Response,
) -> None:
    health = answer.text.split('id="getLlmHealth"')[1].split("</article>")[0]
    assert health.count('href="#type-HealthAnswer"') == 1
    assert "All healthy" in health
    assert "Not all healthy" in health
    chat = answer.text.split('id="postV1ChatCompletions"')[1].split("</article>")[0]
    assert chat.count('href="#error-429"') == 1
    assert chat.count("<code>param</code>") == 1
