"""What a client hears of a server that is not there yet, in its own protocol's shape."""

import json

import pytest
from starlette.types import Receive, Scope, Send

from signalbox.asgi import ApiFirst
from tests.support.asgi_calls import call_asgi


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("the console was asked")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/llm", ("OVERLOADED", None)),
        ("/v1/chat/completions", ("overloaded", "server_error")),
        ("/v1/messages", (None, "overloaded_error")),
    ],
)
async def test_a_server_that_starts_says_so(path: str, words: tuple[str | None, str | None]) -> None:
    heard = await call_asgi(ApiFirst(_never, lambda: None), "POST", path)
    error = json.loads(heard.body)["error"]
    assert (heard.status, error.get("code"), error.get("type"), error["message"]) == (
        503, *words, "The server is starting",
    )  # fmt: skip
    assert (b"retry-after", b"1") in heard.headers
