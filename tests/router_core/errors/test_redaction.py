"""What stored text and logs may not hold is taken out, harmless text stays, and nothing makes it slow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.errors.sanitizer import redact

KEYS = {
    "OpenAI": "sk-proj-Ab12Cd34Ef56Gh78Ij90",
    "Anthropic": "sk-ant-api03-Ab12Cd34Ef56Gh78Ij90-_x",
    "our own": "sbx_01hzx3k5_Ab12Cd34Ef56",
    "Google": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "Google OAuth": "GOCSPX-Ab12Cd34Ef56Gh78Ij90",
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "AWS session": "ASIAIOSFODNN7EXAMPLE",
    "GitHub": "ghp_Ab12Cd34Ef56Gh78Ij90Kl12Mn34Op56Qr78",
    "GitHub fine-grained": "github_pat_11ABCDEFG0Ab12Cd34Ef56_Gh78",
    "GitLab": "glpat-Ab12Cd34Ef56Gh78Ij90",
    "Slack": "xoxb-123456789012-Ab12Cd34Ef56",
    "Slack hook": "https://hooks.slack.com/services/T0AB12CD3/B0AB12CD3/Ab12Cd34Ef56Gh78",
    "Stripe": "sk_live_Ab12Cd34Ef56Gh78",
    "SendGrid": "SG.Ab12Cd34Ef56Gh78Ij90.Kl12Mn34Op56Qr78St90",
    "Azure": "abc8Q~Ab12Cd34Ef56Gh78Ij90Kl12Mn34Op56Qr",
    "Telegram": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "URL": "postgresql://signalbox:Ab12Cd34@db.internal/x",
    "npm": "npm_Ab12Cd34Ef56Gh78Ij90",
    "private key": "-----BEGIN EC PRIVATE KEY-----\nAb12Cd34Ef56\nGh78Ij90\n-----END EC PRIVATE KEY-----",
}
NAMED = [
    'api_key="Ab12Cd34Ef56Gh78"', "X-Api-Key: Ab12Cd34Ef56Gh78", "password = Ab12Cd34", '{"pwd": "Ab12Cd34"}',
    '{\\"client_secret\\": \\"Ab12Cd34Ef56\\"}', "AccountKey=Ab12Cd34Ef56Gh78==;", "Authorization: Basic QWIxMkNkMzQ=",
    "authorization: Bearer Ab12Cd34Ef56", "https://h.test/?sig=Ab12Cd34%3D&x=1", "aws_secret_access_key=Ab12Cd34Ef56",
    "myPassword: Ab12Cd34Ef",
    "Cookie: a=b; signalbox_session=Ab12Cd34Ef56Gh78; c=d", "__Host-signalbox_session=Ab12Cd34Ef56",
    "Api Key provided: Ab12Cd34Ef56", "token: Ab12Cd34Ef56Gh78",
]  # fmt: skip
HARMLESS = [
    "The key point: cost = 3.5 usd, tokens: 1200, monkey: banana and turkey=gravy",
    "Say basic things about bearer tokens, and mask-like **bold** words",
    "token limit: exceeded; key: value; the secret: simplicity",
    "see https://example.com/docs?page=2#sig and http://a.b:80/x",
    "SKILL, SG. and AIzone are words; ghosts glow; sk- is a prefix",
]
PERSONAL = [
    ("write to Ada.Lovelace+x@example.co.uk, please", "write to [email], please"),
    ("<ada@example.com>;bob@example.com", "<[email]>;[email]"),
    ("mailto:ada@example.com?subject=x", "mailto:[email]?subject=x"),
    ("call +49 (171) 123 45-67 or +14155552671.", "call [phone] or [phone]."),
    ("(415) 555-2671 and 415-555-2671", "[phone] and [phone]"),
    ("card 4111 1111 1111 1111, exp 12/29", "card [card], exp 12/29"),
    ("5555-5555-5555-4444|378282246310005", "[card]|[card]"),
    ("order 12 4111111111111111 17", "order 12 [card] 17"),
    ("6011000990139424 30569309025904 3530111333300000", "[card] [card] [card]"),
]
NOT_PERSONAL = [
    "4111 1111 1111 1112", "1700000000000", "2026-03-01 10:30:00.123456", "550e8400-e29b-41d4-a716-446655440000",
    "0000000000000000", "x = a @ b.c", "@decorator", "a@b", "3.14159265358979323846", "1 + 2 = 3", "192.168.100.200",
    "build 2026030110300012", "1.2.415-555-26711",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("around", ["{}", "use {} now", 'f("{}")', "line\n{}\nline", "({})", "key is {}."])
def test_a_key_of_every_vendor_is_taken_out_wherever_it_stands(key: str, around: str) -> None:
    shown = redact(around.format(key))
    assert "Ab12Cd34" not in shown
    assert key not in shown
    assert "***" in shown


@pytest.mark.parametrize("text", NAMED)
def test_what_a_word_before_it_calls_a_secret_is_taken_out(text: str) -> None:
    shown = redact(text)
    assert "Ab12Cd34" not in shown
    assert "QWIxMkNkMzQ" not in shown
    assert "***" in shown


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str) -> None:
    assert redact(text, personal=True) == text


@pytest.mark.parametrize(("text", "shown"), PERSONAL)
def test_personal_data_is_replaced_by_what_it_was(text: str, shown: str) -> None:
    assert redact(text, personal=True) == shown
    assert redact(text) == text


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_numbers_that_are_none_of_that_stay(text: str) -> None:
    assert redact(text, personal=True) == text


@given(st.lists(st.sampled_from([*KEYS.values(), *NAMED, *HARMLESS, "ada@example.com", "+4917112345678"]), max_size=8))
def test_what_was_cleaned_once_stays_as_it_is(pieces: list[str]) -> None:
    once = redact("\n".join(pieces), personal=True)
    assert redact(once, personal=True) == once
    assert "Ab12Cd34" not in once


SIZE = 100_000
HOSTILE = {
    name: (piece * (SIZE // len(piece) + 1))[:SIZE]
    for name, piece in {
        "one letter": "a", "digits": "1", "digits apart": "4 ", "digits and dashes": "4-", "at signs": "@",
        "addresses cut short": "a@a.", "dots and at": "a.@", "plus": "+1", "pluses": "+", "brackets": "(212) ",
        "signs": "=", "colons": "key:", "names": "password=", "names without end": "token:\n", "query": "?sig=",
        "queries": "&&&key", "begins": "-----BEGIN PRIVATE KEY-----", "key heads": "sk-", "sk with breaks": "sk-a1\n",
        "jwt heads": "eyJ", "jwt": "eyJaaaaaaaa.", "stars": "*", "half masked": "a****", "urls": "a://", "users": "://a:",
        "bearer": "bearer ", "basic": "Basic ", "basic letters": "Basic aA", "spaces": " ", "new lines": "\n",
        "quotes": "\"'", "backslashes": "\\", "SG": "SG.aaaaaaaaaaaaaaaa", "hooks": "hooks.slack.com/a",
        "telegram": "12345678:", "wide": "\u0660", "kelvin": "to\u212aen=", "authorization": "authorization: ",
    }.items()
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_longer_than_its_length(text: str) -> None:
    """A hundred thousand characters take milliseconds; with anything quadratic it would be minutes."""
    began = time.process_time()
    redact(text, personal=True)
    assert time.process_time() - began < 1.0
