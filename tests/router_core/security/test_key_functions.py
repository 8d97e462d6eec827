"""The original's functions for keys, under their names."""

import pytest

from router_core import decrypt_key, encrypt_key, mask_api_key, rotate_encryption_keys, sanitize_object
from router_core.security.vault.faults import UnreadableSecretError
from router_core.types import Secret

KEY = "sk-proj-0123456789abcdefghij"
OLD, NEW = "the old password", "the new password"


@pytest.fixture(scope="module")
def sealed() -> str:
    return encrypt_key(KEY, OLD)


def test_a_key_is_sealed_and_opened_with_its_password_alone(sealed: str) -> None:
    assert KEY not in sealed
    assert decrypt_key(sealed, OLD) == KEY
    with pytest.raises(UnreadableSecretError):
        decrypt_key(sealed, NEW)


@pytest.mark.parametrize("broken", ["", "no base64!", "AAAA", "A" * 120])
def test_what_is_no_sealed_key_is_one_clear_error(broken: str) -> None:
    with pytest.raises(UnreadableSecretError, match="cannot be read"):
        decrypt_key(broken, OLD)


def test_a_rotation_gives_what_became_of_each_and_may_be_run_again(sealed: str) -> None:
    stored = {"p1": sealed, "p2": "broken"}
    for _ in range(2):
        found = rotate_encryption_keys(OLD, NEW, 2, stored)
        assert [(each.provider_id, each.status) for each in found] == [("p1", "rotated"), ("p2", "unreadable")]
        assert decrypt_key(stored["p1"], NEW) == KEY
        assert stored["p2"] == "broken"


def test_a_mask_shows_both_ends_of_a_long_key_and_nothing_of_a_short_one() -> None:
    assert mask_api_key("sk-1234567890abcdefcdef") == "sk-12...cdef"
    assert mask_api_key("sk-1234567890") == "***"


def test_whatever_is_named_like_a_secret_is_masked_however_deep_and_the_rest_is_left() -> None:
    given = {
        "apiKey": KEY, "data": {"secret": "hidden", "maxTokens": 100, "list": [{"Client-Secret": KEY}]},
        "password": ["one", {"two": "three"}], "access_token": 12345, "model": "gpt-4o", "none": None, "ok": True,
        "said": f"the key was {KEY}", "authorization": Secret("hidden"),
    }  # fmt: skip
    assert sanitize_object(given) == {
        "apiKey": "sk-pr...ghij",
        "data": {"secret": "***", "maxTokens": 100, "list": [{"Client-Secret": "sk-pr...ghij"}]},
        "password": ["***", {"two": "***"}], "access_token": "***", "model": "gpt-4o", "none": None, "ok": True,
        "said": "the key was sk-proj-***", "authorization": "***",
    }  # fmt: skip
    assert given["apiKey"] == KEY


def test_what_goes_round_in_circles_ends() -> None:
    given: dict[str, object] = {"name": "x"}
    given["self"] = given
    assert "***" in str(sanitize_object(given))
