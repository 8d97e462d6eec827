"""What leaves the process carries no secret."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router_core.errors import mask_api_key, sanitize_message
from router_core.errors.sanitizer import MAX_MESSAGE_CHARS
from router_core.types import Secret

KEY_LETTERS = string.ascii_letters + string.digits + "-_./+="
SECRETS = st.text(KEY_LETTERS, min_size=6, max_size=80)


def test_the_originals_example_holds() -> None:
    before = "OpenAI API error: Invalid key sk-proj-1234567890abcdef"
    assert sanitize_message(before) == "OpenAI API error: Invalid key sk-proj-***"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-1234567890abcdef refused", "1234567890abcdef"),
        ("sk-ant-api03-AbCdEf123456-_x", "AbCdEf123456"),
        ("sk-svcacct-AbCdEf123456", "AbCdEf123456"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("api_key=abcdef123456&x=1", "abcdef123456"),
        ('{"api_key": "abcdef123456"}', "abcdef123456"),
        ("x-api-key: abcdef123456", "abcdef123456"),
        ("password=hunter2hunter2", "hunter2hunter2"),
        ("sbx_k1234567_s3cr3tpart", "s3cr3tpart"),
        ("AIzaSyA1234567890abcdef", "SyA1234567890abcdef"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("postgresql://signalbox:hunter2@db/x", "hunter2"),
        ("redis://:hunter2@cache:6379/0", "hunter2"),
        ("ghp_1234567890abcdefghij", "1234567890abcdefghij"),
    ],
)
def test_known_patterns_are_taken_out(text: str, secret: str) -> None:
    assert secret not in sanitize_message(text)


@pytest.mark.parametrize(
    "text",
    ["Rate limit exceeded. Maximum 10 requests/second.", "model gpt-4o-mini does not exist", "max_tokens is too large"],
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert sanitize_message(text) == text


@settings(deadline=None, max_examples=300)
@given(SECRETS, st.text(max_size=100), st.text(max_size=100))
def test_a_known_secret_never_survives(plain: str, before: str, after: str) -> None:
    assert plain not in sanitize_message(f"{before} {plain}{after}{plain}", [Secret(plain)])


@settings(deadline=None, max_examples=200)
@given(SECRETS, st.text(string.ascii_letters, min_size=4, max_size=20), st.booleans())
def test_no_tail_survives_when_one_secret_begins_another(start: str, tail: str, flipped: bool) -> None:
    assume(tail not in start and start not in "failed with !")
    known = [Secret(start), Secret(start + tail)]
    text = sanitize_message(f"failed with {start}{tail}!", known[::-1] if flipped else known)
    assert "failed with ***!" in text


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(("sk-", "sk-ant-api03-", "sk-proj-", "Bearer ", "api_key=")),
    st.text(string.ascii_letters + string.digits, min_size=12, max_size=60),
    st.text(max_size=60),
)
def test_a_key_that_looks_like_one_never_survives(prefix: str, body: str, before: str) -> None:
    assume(body not in before)
    assert body not in sanitize_message(f"{before} {prefix}{body} was refused")


@given(st.text(max_size=3_000))
def test_the_result_is_short_and_has_no_control_characters(text: str) -> None:
    clean = sanitize_message(text)
    assert len(clean) <= MAX_MESSAGE_CHARS
    assert not any((ord(letter) < 32 and letter not in "\t\n") or ord(letter) == 127 for letter in clean)


@pytest.mark.parametrize(
    ("key", "masked"),
    [("sk-1234567890abcdefcdef", "sk-12...cdef"), ("sk-1234567890abcdef", "***"), ("", "***"), ("x" * 19, "***")],
)
def test_a_mask_shows_nothing_of_a_short_key(key: str, masked: str) -> None:
    assert mask_api_key(key) == masked
