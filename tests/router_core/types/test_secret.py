"""A secret shows itself only when asked to."""

import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest

from router_core.types import CallTimeouts, ProviderCall, Secret
from tests.support.core_fakes import ask, provider

PLAIN = "sk-proj-planted-canary-0123456789"


@pytest.fixture
def secret() -> Secret:
    return Secret(PLAIN)


def test_it_never_shows_in_text(secret: Secret) -> None:
    call = ProviderCall(request=ask(), provider=provider("a"), key=secret, max_tokens=1, timeouts=CallTimeouts())
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr(call)]
    shown += [repr([secret]), repr({"key": secret}), str((secret,))]
    assert not any(PLAIN in text or "canary" in text for text in shown)


def test_it_never_shows_with_a_format_width(secret: Secret) -> None:
    with pytest.raises(TypeError) as caught:
        f"{secret:>40}"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("leak", [pickle.dumps, copy.deepcopy, copy.copy, json.dumps, msgspec.json.encode, vars])
def test_it_refuses_to_be_written(secret: Secret, leak: object) -> None:
    with pytest.raises(TypeError) as caught:
        leak(secret)  # type: ignore[operator]
    assert "canary" not in str(caught.value)


def test_it_never_shows_in_a_log_line(secret: Secret, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("key %s", secret)
    assert "key Secret(***)" in caplog.text
    assert "canary" not in caplog.text


def test_it_never_shows_in_a_traceback(secret: Secret) -> None:
    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        raise ValueError(secret)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_equal_secrets_are_equal_and_hash_alike(secret: Secret) -> None:
    assert secret == Secret(PLAIN)
    assert len({secret, Secret(PLAIN), Secret("other")}) == 2
    assert secret != PLAIN
    assert bool(secret)
    assert not Secret("")
    assert secret.reveal() == PLAIN
