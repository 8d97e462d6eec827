"""Rows 1 to 22 of the catalogue: bodies and headers of one request, and what they get."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["REQUESTS", "SECRET", "Bad"]

SECRET: Final = "sk-canary-0123456789abcdefghijkl"
VALIDATION: Final = "VALIDATION_ERROR"


@dataclass(frozen=True)
class Bad:
    """One request to ``POST /api/llm`` and its outcome; ``named`` is the field that the error names."""

    row: int
    name: str
    body: bytes
    status: int = 400
    code: str = VALIDATION
    named: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"row {self.row}: {self.name}"


def _with(**fields: Any) -> bytes:
    return json.dumps({"prompt": "hi", **fields}).encode()


def _number(text: str, where: str = "temperature") -> bytes:
    return f'{{"prompt":"hi","{where}":{text}}}'.encode()


def _typed(kind: str | None, **more: str) -> dict[str, str]:
    return {"content-type": kind or "", **more}


REQUESTS: Final = (
    Bad(1, "empty", b""),
    Bad(1, "null", b"null"),
    Bad(1, "array", b"[]"),
    Bad(1, "string", b'"x"'),
    Bad(2, "truncated", b'{"prompt":"hi"'),
    Bad(2, "bytes behind it", b'{"prompt":"hi"} x'),
    Bad(2, "two documents", b'{"prompt":"hi"}{"prompt":"hi"}'),
    Bad(2, "comment", b'{"prompt":"hi"/* no */}'),
    *(Bad(3, f"{text} in {where}", _number(text, where)) for text in ("NaN", "Infinity", "-Infinity") for where in
      ("temperature", "maxTokens")),
    Bad(3, "1e999", _number("1e999"), named="temperature"),
    Bad(3, "NaN deep down", b'{"prompt":"hi","metadata":{"a":NaN}}'),
    Bad(4, "lone surrogate", b'{"prompt":"\\ud800"}'),
    Bad(4, "NUL in prompt", b'{"prompt":"a\\u0000b"}'),
    Bad(4, "NUL in accountId", b'{"prompt":"hi","accountId":"a\\u0000"}'),
    Bad(4, "NUL in useCase", b'{"prompt":"hi","useCase":"draft\\u0000"}'),
    Bad(4, "raw NUL", b'{"prompt":"a\x00b"}'),
    Bad(5, "invalid UTF-8", b'{"prompt":"\xff"}'),
    Bad(5, "overlong UTF-8", b'{"prompt":"\xc0\xaf"}'),
    Bad(5, "UTF-16", '{"prompt":"hi"}'.encode("utf-16")),
    Bad(5, "BOM", b'\xef\xbb\xbf{"prompt":"hi"}'),
    Bad(6, "two accounts", b'{"accountId":"a","prompt":"hi","accountId":"b"}', named="accountId"),
    Bad(6, "another spelling", b'{"prompt":"hi","useCase":"draft","use\\u0043ase":"voice"}', named="useCase"),
    Bad(7, "100 000 arrays", b'{"prompt":"hi","tools":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"),
    Bad(7, "50 000 objects", b'{"prompt":"hi","metadata":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}"),
    Bad(7, "never closed", b"[" * 100_000),
    Bad(8, "5000 digits", _number("9" * 5000, "maxTokens")),
    Bad(8, "2**70", _with(maxTokens=2**70), named="maxTokens"),
    Bad(8, "negative", _with(maxTokens=-1), named="maxTokens"),
    Bad(8, "zero", _with(maxTokens=0), named="maxTokens"),
    *(Bad(9, text, _number(text, "maxTokens"), named="maxTokens") for text in ("true", '"5"', "1e3", "1.5")),
    *(Bad(10, text, _number(text), named="temperature") for text in ("-0.1", "2.1", '"0.5"')),
    Bad(11, "no prompt", b"{}", named="prompt"),
    Bad(11, "empty prompt", _with(prompt=""), named="prompt"),
    Bad(11, "spaces", _with(prompt=" \t\n\u3000"), named="prompt"),
    Bad(11, "zero width", _with(prompt="\u200b\u2060\ufeff"), named="prompt"),
    Bad(12, "2 million characters", _with(prompt="four" * 500_000), code="TOKEN_LIMIT_EXCEEDED"),
    Bad(13, "unknown use case", _with(useCase="poetry"), named="useCase"),
    Bad(13, "__proto__", _with(useCase="__proto__"), named="useCase"),
    Bad(13, "path", _with(useCase="../../x"), named="useCase"),
    Bad(13, "10 KB", _with(useCase="x" * 10_000), named="useCase"),
    *(Bad(14, name, _with(**{name: SECRET}), named=name) for name in ("apiKey", "base_url", "api_base", "isAdmin")),
    *(Bad(16, name, _with(accountId=account), named="accountId") for name, account in {
        "quote": "' OR 1=1--", "percent": "%", "underscore": "_", "300 characters": "a" * 300, "emoji": "\U0001f600",
        "look-alike": "\u0430cme",
    }.items()),
    *(Bad(20, coding, b"x" * 1000, 415, "UNSUPPORTED_MEDIA_TYPE", headers={"content-encoding": coding})
      for coding in ("gzip", "br", "zstd", "identity, gzip")),
    *(Bad(21, kind, _with(), 415, "UNSUPPORTED_MEDIA_TYPE", headers=_typed(kind)) for kind in (
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
        "application/json; charset=utf-16", "application/json, text/plain",
    )),
    Bad(21, "none", _with(), 415, "UNSUPPORTED_MEDIA_TYPE", headers=_typed(None)),
    *(Bad(37, name, _with(images=[image]), named="images[0]") for name, image in {
        "metadata service": "http://169.254.169.254/", "file": "file:///etc/passwd", "gopher": "gopher://127.0.0.1:6379/",
        "no image": "data:text/html;base64,AAAA",
    }.items()),
    Bad(38, "10 000 properties", _with(tools={"a": {"parameters": {
        "type": "object", "properties": {f"p{place}": {"type": "string"} for place in range(10_000)},
    }}}), named="tools.a"),
)  # fmt: skip
"""Every request that is refused for what it holds."""
